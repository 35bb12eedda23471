import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toSource } from '../../src/definition/definition-source.js'
import { packDefinition, unpackDefinition } from '../../src/definition/packed-definition.js'
import { parseDefinition } from '../../src/definition/parse-definition.js'
import { definitionOf } from './outcome.js'
import { definitions } from './definitions.js'

describe('a checked definition', () => {
  test('written out and checked again is the same', () => {
    fc.assert(
      fc.property(definitions, (source) => {
        const definition = definitionOf(source)
        expect(definitionOf(toSource(definition))).toStrictEqual(definition)
        expect(parseDefinition(JSON.stringify(toSource(definition)))).toStrictEqual(definition)
      }),
      { numRuns: 500 },
    )
  })

  test('survives JSON as it is', () => {
    fc.assert(
      fc.property(definitions, (source) => {
        const definition = definitionOf(source)
        expect(JSON.parse(JSON.stringify(definition))).toStrictEqual(definition)
      }),
      { numRuns: 200 },
    )
  })

  test('crosses threads whole, and frozen again', () => {
    fc.assert(
      fc.property(definitions, (source) => {
        const definition = definitionOf(source)
        const arrived = unpackDefinition(structuredClone(packDefinition(definition)))
        expect(arrived).toStrictEqual(definition)
        expect(Object.isFrozen(arrived.input ?? Object.freeze({}))).toBe(true)
        for (const { retry } of arrived.tasks) expect(Object.isFrozen(retry)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test('is written as people would: durations as text, the usual retry as a number', () => {
    const source = {
      timeout: '1d',
      failureProcess: { name: 'undo', on: ['failed'] },
      defaults: { retry: 3, timeout: '90s' },
      tasks: [{ name: 'A', needs: [], delay: '0ms', priority: 0 }],
    }
    expect(toSource(definitionOf(source))).toStrictEqual(source)
  })
})
