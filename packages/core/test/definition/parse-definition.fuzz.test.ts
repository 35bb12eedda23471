import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../src/definition/parse-definition.js'
import { definitionOf, problemsIn } from './outcome.js'

const VALID = `# a comment
name: loan-application
description: >
  Several
  lines.
input: { type: object, properties: { a: { pattern: '^a+$' } } }
timeout: 7d
failureProcess: { name: undo, on: [failed] }
defaults: { retry: 2, heartbeat: 30s }
tasks:
  - name: Open Loan Application
  - name: "Review Credit"
    needs: [Open Loan Application]
    retry: { limit: 4, delay: 10s, within: PT2H }
    priority: 5
  - {name: 'Send Email', needs: [Review Credit, Open Loan Application]}
`

const FRAGMENTS = [
  '*a',
  '&a ',
  '!t ',
  '<<: ',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '|\n',
  '>-\n',
  '? ',
  '\t',
  '\0',
  '"',
]
  .concat([
    "'",
    '[',
    ']',
    '{',
    '}',
    ',',
    ': ',
    '- ',
    '#',
    '\n',
    '\r',
    '\\',
    '\ud800',
    '\uFEFF',
    '__proto__: ',
  ])
  .concat([
    'name: ',
    'needs: ',
    'tasks:\n',
    '1',
    'true',
    'null',
    '~',
    '!!binary ',
    '!!set ',
    '1e999',
    '@',
    '`',
  ])

/** The valid text with a few pieces cut out, put in or repeated. */
const mutated = fc
  .array(fc.tuple(fc.nat(VALID.length), fc.nat(12), fc.constantFrom(...FRAGMENTS)), {
    minLength: 1,
    maxLength: 6,
  })
  .map((edits) =>
    edits.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), VALID),
  )

const babble = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 40 }).map((parts) => parts.join(''))

describe('whatever the text', () => {
  test.each([
    ['any text', fc.string({ unit: 'binary', maxLength: 200 })],
    [
      'any text with halves of surrogate pairs',
      fc.string({ unit: fc.nat(0xffff).map((c) => String.fromCharCode(c)) }),
    ],
    ['pieces of YAML', babble],
    ['a valid text that was damaged', mutated],
  ])('parsing %s gives a definition or problems with places, never another error', (_, texts) => {
    fc.assert(
      fc.property(texts, fc.constantFrom<'json' | 'yaml'>('json', 'yaml'), (source, format) => {
        for (const problem of problemsIn(source, { format })) {
          if (problem.code === 'more-problems') continue
          expect(problem.line).toBeGreaterThan(0)
          expect(problem.column).toBeGreaterThan(0)
          expect(problem.message).not.toBe('')
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('strict JSON is what JSON.parse takes', () => {
    const json = fc.oneof(
      fc.json(),
      fc.json().map((text) => text.slice(1)),
      fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:\\ 01.e-truefalsnil')) }),
    )
    fc.assert(
      fc.property(json, (source) => {
        const refused = problemsIn(source, { format: 'json' }).some(({ code }) =>
          /syntax|empty-source/.test(code),
        )
        expect(refused).toBe(!isJson(source))
      }),
      { numRuns: 3_000 },
    )
  })

  test('a sound definition says the same in JSON and in YAML', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 8 }), (names) => {
        const value = { tasks: names.map((each, i) => ({ name: each, needs: names.slice(0, i) })) }
        fc.pre(names.every((each) => each.trim() === each && !/[\p{Cc}\u2028\u2029]/u.test(each)))
        const json = JSON.stringify(value)
        expect(parseDefinition(json, { format: 'json' })).toEqual(definitionOf(value))
        // A comment makes it YAML that is not JSON.
        expect(parseDefinition(`${json} # YAML`)).toEqual(definitionOf(value))
      }),
      { numRuns: 300 },
    )
  })
})

function isJson(source: string): boolean {
  try {
    JSON.parse(source)
    return true
  } catch {
    return false
  }
}
