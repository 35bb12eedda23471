import * as fc from 'fast-check'
import { payloads } from '../payloads.js'

/** As much of JSON Schema as openapi.yaml and the schema of definitions use. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
}

export interface SchemaWorld {
  readonly resolve: (reference: string) => Schema
  /** What stands for values of a schema that something is known of, by the last step of its reference. */
  readonly known: Readonly<Record<string, fc.Arbitrary<unknown>>>
}

/** Keys and texts that have broken somebody's program. */
const strangeTexts = [
  '',
  ' ',
  '.',
  '..',
  '/',
  '%2F',
  '%00',
  '\u0000',
  '\ud800',
  '\u2028',
  '\ufeff',
  'x'.repeat(256),
  '🐟'.repeat(200),
  'x'.repeat(5_000),
  'null',
  'true',
  '-1',
  "' OR 1=1 --",
  '$1',
  '{{7*7}}',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'toJSON',
  'then',
]

export const strangeText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...strangeTexts) },
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 10 }),
)

const strangeNumber = fc.oneof(
  fc.constantFrom(-1, 0, 1.5, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e21, 1e308, 5e-324),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)

/** Any JSON, the more often the more hostile. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...payloads.map(([, value]) => value)) },
  strangeText,
  strangeNumber,
  fc.constantFrom(null, true, false, [], {}),
  fc.jsonValue({ maxDepth: 3 }),
  fc
    .integer({ min: 1, max: 100 })
    .map((depth) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as unknown),
)

/** Values mostly as a schema wants them; now and then something is wrong, missing or too much, at any place. */
export class FromSchema {
  readonly #world: SchemaWorld
  readonly #made = new Map<string, fc.Arbitrary<unknown>>()

  constructor(world: SchemaWorld) {
    this.#world = world
  }

  values(schema: Schema): fc.Arbitrary<unknown> {
    return fc.oneof({ weight: 15, arbitrary: this.#right(schema) }, { weight: 1, arbitrary: anyJson })
  }

  #right(schema: Schema): fc.Arbitrary<unknown> {
    if (schema.$ref !== undefined) return this.#referredTo(schema.$ref)
    if (schema.const !== undefined) return fc.constant(schema.const)
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
    const choices = schema.oneOf ?? schema.anyOf
    if (choices !== undefined) return fc.oneof(...choices.map((choice) => this.values(choice)))
    switch (schema.type) {
      case 'object':
        return this.#object(schema)
      case 'array':
        return this.#array(schema)
      case 'integer':
        return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1e6, 2 ** 31 - 1) })
      case 'number':
        return fc.double({ min: schema.minimum ?? 0, max: schema.maximum ?? 1e6, noNaN: true })
      case 'boolean':
        return fc.boolean()
      case 'string':
        return text(schema)
      default:
        return anyJson
    }
  }

  #referredTo(reference: string): fc.Arbitrary<unknown> {
    const made = this.#made.get(reference)
    if (made !== undefined) return made
    const name = reference.slice(reference.lastIndexOf('/') + 1)
    const fresh = this.#world.known[name] ?? this.#right(this.#world.resolve(reference))
    this.#made.set(reference, fresh)
    return fresh
  }

  #object({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
    const fields = Object.entries(properties).map(([key, schema]) => {
      const isRequired = required.includes(key)
      const presence = { weight: isRequired ? 30 : 1, arbitrary: fc.constant(true) }
      const isThere = fc.oneof(presence, { weight: 1, arbitrary: fc.constant(false) })
      return fc
        .tuple(isThere, this.values(schema))
        .map(([there, value]): [string, unknown][] => (there ? [[key, value]] : []))
    })
    const extra = fc.array(fc.tuple(strangeText, anyJson), { minLength: 1, maxLength: 2 })
    const extras = fc.oneof({ weight: 20, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: extra })
    return fc
      .tuple(extras, ...fields)
      .map(([added, ...entries]) => Object.fromEntries([...entries.flat(), ...added]))
  }

  #array({ items = {}, minItems = 0, maxItems = 4 }: Schema): fc.Arbitrary<unknown> {
    return fc.array(this.values(items), { minLength: minItems, maxLength: Math.min(maxItems, 4) })
  }
}

function text({ pattern, minLength = 0, maxLength = 20 }: Schema): fc.Arbitrary<string> {
  // Looking ahead is nothing that texts can be made from.
  if (pattern !== undefined && !pattern.includes('(?=')) return fc.stringMatching(new RegExp(pattern))
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 20) })
}
