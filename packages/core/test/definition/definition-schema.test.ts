import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_DEFINITION_LIMITS as LIMITS } from '../../src/definition/definition.js'
import { DOCUMENT_FIELDS } from '../../src/definition/document-fields.js'
import { TASK_FIELDS } from '../../src/definition/task-fields.js'
import { problemsOf } from './outcome.js'

interface Schema {
  readonly title?: string
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly additionalProperties?: boolean
  readonly required?: readonly string[]
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly not?: { readonly enum: readonly string[] }
  readonly items?: Schema
  readonly properties: Readonly<Record<string, Schema>>
  readonly definitions: Readonly<Record<string, Schema>>
}

const path = new URL('../../../protocol/definition.schema.json', import.meta.url)
const schema: Schema = JSON.parse(readFileSync(path, 'utf8'))
const { name, description, tasks } = schema.properties
const task = schema.definitions['task']
const { name: taskName, needs } = task?.properties ?? {}

describe('the published schema', () => {
  test('knows the same keys as the check, and no others', () => {
    expect(Object.keys(schema.properties)).toEqual(Object.keys(DOCUMENT_FIELDS))
    expect(Object.keys(task?.properties ?? {})).toEqual(Object.keys(TASK_FIELDS))
    expect([schema.additionalProperties, task?.additionalProperties]).toEqual([false, false])
  })

  test('asks for the same keys', () => {
    expect(schema.required).toEqual(['tasks'])
    expect(task?.required).toEqual(['name'])
    expect(problemsOf({}).map(({ code }) => code)).toEqual(['missing-tasks'])
    expect(problemsOf({ tasks: [{}] }).map(({ code }) => code)).toEqual(['missing-name'])
  })

  test('has the same limits', () => {
    expect([name?.maxLength, taskName?.maxLength, needs?.items?.maxLength]).toEqual(
      Array.from({ length: 3 }, () => LIMITS.maxNameLength),
    )
    expect(description?.maxLength).toBe(LIMITS.maxDescriptionLength)
    expect([tasks?.minItems, tasks?.maxItems]).toEqual([1, LIMITS.maxTasks])
  })

  test('has a title, a description and examples for every key', () => {
    const fields = [...Object.values(schema.properties), ...Object.values(task?.properties ?? {})]
    for (const field of fields) {
      expect(field.title).toBeTruthy()
      expect(field.description).toBeTruthy()
      expect(field.examples?.length).toBeGreaterThan(0)
    }
  })

  test('has examples that are sound', () => {
    for (const example of tasks?.examples ?? []) expect(problemsOf({ tasks: example })).toEqual([])
    for (const example of name?.examples ?? [])
      expect(problemsOf({ name: example, tasks: [{ name: 'A' }] })).toEqual([])
  })

  test('takes the names that the check takes', () => {
    const pattern = new RegExp(taskName?.pattern ?? '', 'u')
    expect(name?.pattern).toBe(taskName?.pattern)
    const unit = fc.oneof(
      fc.constantFrom(
        ' ',
        '\t',
        '\n',
        '\u0085',
        '\u00A0',
        '\u2028',
        '\u2029',
        '\u3000',
        '\uFEFF',
        '\u007F',
        '\0',
        '.',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 4 }), (text) => {
        expect(pattern.test(text)).toBe(problemsOf({ tasks: [{ name: text }] }).length === 0)
      }),
      { numRuns: 5_000 },
    )
    for (const reserved of name?.not?.enum ?? []) {
      expect(problemsOf({ name: reserved, tasks: [{ name: 'A' }] }).map(({ code }) => code)).toEqual([
        'bad-name',
      ])
    }
  })

  test('takes the descriptions that the check takes', () => {
    const pattern = new RegExp(description?.pattern ?? '', 'u')
    for (let code = 0; code < 0x3000; code++) {
      const text = `a${String.fromCharCode(code)}`
      const sound = problemsOf({ description: text, tasks: [{ name: 'A' }] }).length === 0
      expect([code, pattern.test(text)]).toEqual([code, sound])
    }
  })
})
