import type { JsonSchema } from '../definition.js'
import type { JsonValue } from '../json-value.js'
import { pointerTo } from '../pointer.js'

/** Keywords of JSON Schema 2020-12 that hold a schema. `items` and `dependencies` may hold older things. */
const HOLDS_SCHEMA = new Set([
  'additionalProperties',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
])
const HOLDS_LIST = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const HOLDS_MAPPING = new Set([
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
  'properties',
])

/**
 * Each property, item and alternative is one. Ajv nests the code of those beside one another: two thousand exhaust the
 * stack of whoever compiles them, and long before that compiling takes a while, in each server.
 */
export const MAX_SCHEMAS = 500

/** A schema within a schema. */
export interface SchemaPlace {
  readonly schema: JsonSchema
  /** From the outermost schema, which is at `''`. */
  readonly pointer: string
}

/**
 * All schemas within a schema that are mappings, the outermost first. Only what the language takes for schemas:
 * a property named `$ref`, or a `default` that looks like a schema, is none.
 */
export function* schemaPlaces(schema: JsonSchema, pointer = ''): Generator<SchemaPlace, void> {
  yield { schema, pointer }
  for (const [keyword, value] of Object.entries(schema)) {
    for (const [child, at] of childrenOf(keyword, value, pointerTo(pointer, keyword))) {
      if (isSchema(child)) yield* schemaPlaces(child, at)
    }
  }
}

/** How many schemas there are in a schema, itself and those that are only `true` or `false` included. */
export function countSchemas(schema: JsonValue): number {
  if (!isSchema(schema)) return 1
  const within = Object.entries(schema).flatMap(([keyword, value]) => childrenOf(keyword, value, ''))
  return within.reduce((sum, [child]) => sum + countSchemas(child), 1)
}

/** The value of a keyword with `change` applied to each schema that it holds directly. */
export function withChildren(
  keyword: string,
  value: JsonValue,
  change: (child: JsonValue) => unknown,
): unknown {
  if (HOLDS_SCHEMA.has(keyword)) return change(value)
  if (HOLDS_LIST.has(keyword) && Array.isArray(value)) return value.map((child: JsonValue) => change(child))
  if (HOLDS_MAPPING.has(keyword) && isSchema(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, change(child)]))
  }
  return value
}

export function isSchema(value: JsonValue | undefined): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function childrenOf(keyword: string, value: JsonValue, pointer: string): [JsonValue, string][] {
  const children: [JsonValue, string][] = []
  if (HOLDS_SCHEMA.has(keyword)) children.push([value, pointer])
  if (HOLDS_LIST.has(keyword) && Array.isArray(value)) {
    for (const [index, child] of (value as readonly JsonValue[]).entries())
      children.push([child, pointerTo(pointer, index)])
  }
  if (HOLDS_MAPPING.has(keyword) && isSchema(value)) {
    for (const [key, child] of Object.entries(value)) children.push([child, pointerTo(pointer, key)])
  }
  return children
}
