import type { JsonSchema } from '../definition.js'
import type { JsonValue } from '../json-value.js'
import { isSchema, withChildren } from './schema-places.js'

/** The keyword that counts how often a schema is applied. */
export const COST = 'tunacorn-cost'

/** What `COST` says about a schema. */
export interface Cost {
  /** For each time it is applied. */
  readonly fixed: number
  /** For each item or character of what it is applied to. */
  readonly perPart: number
  /** For each key of it. */
  readonly perKey: number
}

/** A step is some 30 ns. To go through the keys of a large object takes as many for each, again for each keyword. */
const KEY_STEPS = 20

/** Keywords that say something about values. Others are notes, and what is compiled leaves them out. */
const ASSERTIONS = new Set([
  '$ref',
  'const',
  'dependentRequired',
  'enum',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'maxContains',
  'maximum',
  'maxItems',
  'maxLength',
  'maxProperties',
  'minContains',
  'minimum',
  'minItems',
  'minLength',
  'minProperties',
  'multipleOf',
  'pattern',
  'required',
  'type',
  'uniqueItems',
])

const APPLICATORS = new Set([
  '$defs',
  'additionalProperties',
  'allOf',
  'anyOf',
  'contains',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'else',
  'if',
  'items',
  'not',
  'oneOf',
  'patternProperties',
  'prefixItems',
  'properties',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
])

/** Those that look at every item or character by themselves. */
const LOOKS_AT_PARTS = new Set(['contains', 'maxLength', 'minLength', 'unevaluatedItems'])

/** Those that look at every key by themselves. */
const LOOKS_AT_KEYS = new Set([
  'additionalProperties',
  'maxProperties',
  'minProperties',
  'patternProperties',
  'propertyNames',
  'unevaluatedProperties',
])

/** The schema as it is compiled: only what is known, and every schema in it counts how often it is applied. */
export function prepareSchema(schema: JsonSchema): Record<string, unknown> {
  const prepared = Object.entries(schema)
    .filter(([keyword]) => ASSERTIONS.has(keyword) || APPLICATORS.has(keyword))
    .map(([keyword, value]) => [keyword, withChildren(keyword, value, prepareChild)] as const)
  return Object.fromEntries([[COST, costOf(schema)], ...prepared])
}

function prepareChild(child: JsonValue): unknown {
  return isSchema(child) ? prepareSchema(child) : child
}

function costOf(schema: JsonSchema): Cost {
  let fixed = 1
  let perPart = 0
  let perKey = 0
  for (const [keyword, value] of Object.entries(schema)) {
    if (ASSERTIONS.has(keyword)) fixed += sizeOf(value)
    if (APPLICATORS.has(keyword))
      fixed += typeof value === 'object' && value !== null ? Object.keys(value).length : 1
    if (LOOKS_AT_PARTS.has(keyword)) perPart++
    if (LOOKS_AT_KEYS.has(keyword)) perKey += KEY_STEPS
    if (keyword === 'patternProperties' && isSchema(value)) perKey += KEY_STEPS * Object.keys(value).length
  }
  return { fixed, perPart, perKey }
}

/** How many plain values there are in a value. */
function sizeOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, part: JsonValue) => sum + sizeOf(part), 1)
}
