import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ajv } from 'ajv'
import { DEFAULT_DEFINITION_LIMITS as LIMITS } from '../../src/definition/definition.js'
import { DOCUMENT_FIELDS } from '../../src/definition/document-fields.js'
import { FAILURE_PROCESS_FIELDS } from '../../src/definition/failure-process-field.js'
import { RETRY_FIELDS } from '../../src/definition/retry-fields.js'
import { SETTING_FIELDS } from '../../src/definition/setting-fields.js'
import { TASK_FIELDS } from '../../src/definition/task-fields.js'
import { problemsOf } from './outcome.js'

interface Schema {
  readonly $ref?: string
  readonly title?: string
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly additionalProperties?: boolean
  readonly required?: readonly string[]
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly default?: unknown
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
const { defaults } = schema.properties
const { retryPolicy, failureProcess } = schema.definitions
const mappings = [schema, task, defaults, retryPolicy, failureProcess]

/** Every key with what is said of it, followed to where it is said. */
const fields = mappings.flatMap((mapping) =>
  Object.entries(mapping?.properties ?? {}).map(([key, field]) => {
    const { $ref = '' } = field
    return [key, schema.definitions[$ref.replace('#/definitions/', '')] ?? field] as const
  }),
)

const isTaken = new Ajv({ strict: false }).compile(schema)
const isSound = (value: unknown) => problemsOf(value).length === 0

describe('the published schema', () => {
  test('knows the same keys as the check, and no others', () => {
    const known = [DOCUMENT_FIELDS, TASK_FIELDS, SETTING_FIELDS, RETRY_FIELDS, FAILURE_PROCESS_FIELDS]
    expect(mappings.map((mapping) => Object.keys(mapping?.properties ?? {}))).toEqual(known.map(Object.keys))
    for (const mapping of mappings) expect(mapping?.additionalProperties).toBe(false)
  })

  test('asks for the same keys', () => {
    expect(schema.required).toEqual(['tasks'])
    expect(task?.required).toEqual(['name'])
    expect([retryPolicy?.required, failureProcess?.required]).toEqual([['limit'], ['name']])
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
    for (const [key, field] of fields) {
      expect([key, field.title]).toEqual([key, expect.stringMatching(/./)])
      expect([key, field.description]).toEqual([key, expect.stringMatching(/./)])
      expect(field.examples?.length).toBeGreaterThan(0)
    }
  })

  test('has examples and defaults that are sound, by the check and by itself', () => {
    const holders: Record<string, (value: unknown) => unknown> = {
      ...Object.fromEntries(Object.keys(RETRY_FIELDS).map((key) => [key, inRetry(key)])),
      ...Object.fromEntries(Object.keys(SETTING_FIELDS).map((key) => [key, inTask(key)])),
      ...Object.fromEntries(['input', 'failureProcess', 'defaults'].map((key) => [key, inDocument(key)])),
      on: (value) => inDocument('failureProcess')({ name: 'undo', on: value }),
    }
    for (const [key, { examples = [], default: usual }] of fields) {
      for (const example of usual === undefined ? examples : [...examples, usual]) {
        // Names and tasks have tests of their own.
        const value = holders[key]?.(example) ?? inTask('priority')(1)
        expect([value, isSound(value), isTaken(value)]).toEqual([value, true, true])
      }
    }

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

  test('takes the settings that the check takes', () => {
    const digits = fc.constantFrom(
      '0',
      '1',
      '30',
      '007',
      '1.5',
      '0.5',
      '',
      '9'.repeat(12),
      '9'.repeat(16),
      '-1',
    )
    const units = fc.constantFrom('ms', 's', 'm', 'h', 'd', 'D', 'M', 'H', 'S', 'T', 'P', 'PT', 'w', 'y', ' ')
    const durations = fc.array(fc.oneof(digits, units), { maxLength: 7 }).map((parts) => parts.join(''))
    const others = fc.constantFrom<unknown>(
      null,
      true,
      0,
      1,
      9,
      10,
      -1,
      0.5,
      1e6,
      1_000_001,
      '',
      [],
      {},
      'failed',
    )
    const values = fc.oneof(durations, others, fc.constant({ limit: 1 }))
    const places = [
      ...Object.keys(SETTING_FIELDS).flatMap((key) => [inTask(key), inDocument('defaults', key)]),
      ...Object.keys(RETRY_FIELDS).map(inRetry),
      inDocument('timeout'),
      inDocument('failureProcess'),
      inDocument('failureProcess', 'name'),
    ]
    fc.assert(
      fc.property(fc.constantFrom(...places), values, (place, value) => {
        const definition = place(value)
        const problems = problemsOf(definition)
        // What JSON Schema cannot say: how much several amounts come to, and what contradicts another key.
        fc.pre(
          !problems.some(
            ({ code, message }) => code === 'contradiction' || message.includes('hundred years'),
          ),
        )
        expect([definition, isTaken(definition)]).toEqual([definition, problems.length === 0])
      }),
      { numRuns: 20_000 },
    )
  })
})

function inDocument(...keys: string[]): (value: unknown) => object {
  return (value) => ({
    tasks: [{ name: 'A' }],
    ...keys.reduceRight<object>((inner, key, i) => ({ [key]: i === keys.length - 1 ? value : inner }), {}),
  })
}

function inTask(key: string): (value: unknown) => object {
  return (value) => ({ tasks: [{ name: 'A', [key]: value }] })
}

function inRetry(key: string): (value: unknown) => object {
  return (value) => inTask('retry')({ limit: 1, delay: '0s', [key]: value })
}
