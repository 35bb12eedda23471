import type { JsonSchema } from '../definition.js'
import { readJsonValue } from '../read-json-value.js'
import { type Check, type Field, type Found, isMapping } from '../read-mapping.js'
import { described } from '../wording.js'
import { schemaProblems } from './check-schema.js'
import { isSchema } from './schema-places.js'

const LIMITS = { what: 'the input schema', maxBytes: 64 * 1024, maxDepth: 32 }

/** A JSON Schema for the input of processes. */
export const INPUT_FIELD: Field<JsonSchema> = {
  read: readInput,
  alsoCalled: ['inputs', 'inputSchema', 'parameters', 'params', 'schema'],
}

function readInput({ value, pointer }: Found, check: Check): JsonSchema | undefined {
  if (value === undefined) return undefined
  if (!isMapping(value)) {
    const message = () =>
      `Expected input to be a JSON Schema, as a mapping, but found ${described(value)}. ` +
      'Write, for example, input: { type: object, required: [customer] }.'
    check.problems.add({ code: 'wrong-type', pointer, message })
    return undefined
  }
  const schema = readJsonValue(value, pointer, LIMITS, check)
  if (!isSchema(schema)) return undefined
  for (const { pointer: within, message } of schemaProblems(schema)) {
    check.problems.add({ code: 'bad-schema', pointer: pointer + within, message })
  }
  return schema
}
