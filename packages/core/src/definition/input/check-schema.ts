import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import type { JsonSchema } from '../definition.js'
import { pointerSteps, pointerTo } from '../pointer.js'
import { quoted } from '../wording.js'
import { compileSchema, TooManySteps } from './compile-schema.js'
import { LinearPattern } from './linear-pattern.js'
import { PatternRefused } from './parse-pattern.js'
import { countSchemas, isSchema, MAX_SCHEMAS, type SchemaPlace, schemaPlaces } from './schema-places.js'

/** What is wrong with a schema, and where in it. */
export interface SchemaProblem {
  readonly pointer: string
  readonly message: string
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'
/** Compiling follows references into one another. */
const MAX_REFERRED_TO = 200

/** Keywords by which schemas are known or refer beyond themselves. */
const REFUSED = ['$id', '$anchor', '$dynamicAnchor', '$dynamicRef', '$recursiveAnchor', '$recursiveRef']

/** Everything that keeps a schema from being used. Bounded in time by the size of the schema. */
export function schemaProblems(schema: JsonSchema): SchemaProblem[] {
  const count = countSchemas(schema)
  if (count > MAX_SCHEMAS) return [tooManySchemas(count)]
  const places = [...schemaPlaces(schema)]
  const known = new Map(places.map((place) => [place.pointer, place]))
  const problems = [
    ...languageProblems(schema),
    ...places.flatMap((place) => placeProblems(place, known)),
    ...referenceProblems(places),
  ]
  return problems.length === 0 ? compilationProblems(schema) : problems
}

function tooManySchemas(count: number): SchemaProblem {
  const message = `Expected at most ${MAX_SCHEMAS} schemas within one another (each property, item and alternative is one), but there are ${count}. Leave parts of the input unchecked, or check them in a task.`
  return { pointer: '', message }
}

let metaSchema: ((schema: JsonSchema) => readonly ErrorObject[]) | undefined

/** By the schema of schemas, which is compiled when it is first needed: that takes a while. */
function languageProblems(schema: JsonSchema): SchemaProblem[] {
  metaSchema ??= compileMetaSchema()
  const problems = new Map<string, SchemaProblem>()
  for (const { instancePath: pointer, message = '', params } of metaSchema(schema)) {
    // What is wrong with one place is said once: what follows are other ways in which it might have been right.
    if (problems.has(pointer)) continue
    const allowed = Array.isArray(params['allowedValues']) ? `: ${params['allowedValues'].join(', ')}` : ''
    problems.set(pointer, {
      pointer,
      message: `Expected a JSON Schema (2020-12), but this is none: it ${message}${allowed}.`,
    })
  }
  return [...problems.values()]
}

function compileMetaSchema(): (schema: JsonSchema) => readonly ErrorObject[] {
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false, logger: false })
  const validate = ajv.getSchema(DIALECT)
  if (validate === undefined) throw new Error('Expected Ajv to know the schema of schemas, but it does not')
  return (schema) => (validate(schema) === true ? [] : (validate.errors ?? []))
}

function placeProblems(
  { schema, pointer }: SchemaPlace,
  known: ReadonlyMap<string, SchemaPlace>,
): SchemaProblem[] {
  const problems: SchemaProblem[] = []
  const report = (keyword: string, message: string) =>
    problems.push({ pointer: pointerTo(pointer, keyword), message })
  for (const keyword of REFUSED) {
    if (Object.hasOwn(schema, keyword))
      report(keyword, `Expected a schema that stands by itself, without ${keyword}.`)
  }
  const { $schema, $ref, pattern, patternProperties } = schema
  if ($schema !== undefined && $schema !== DIALECT) {
    report('$schema', `Expected the dialect ${quoted(DIALECT)}, but found another. Leave $schema out.`)
  }
  if (typeof $ref === 'string' && !known.has(targetOf($ref) ?? '?')) report('$ref', notWithin($ref))
  if (typeof pattern === 'string') {
    const problem = patternProblem(pattern)
    if (problem !== undefined) report('pattern', problem)
  }
  for (const each of isSchema(patternProperties) ? Object.keys(patternProperties) : []) {
    const problem = patternProblem(each)
    if (problem !== undefined) report('patternProperties', problem)
  }
  return problems
}

/** The pointer in a reference such as `#/$defs/address`; nothing for other references. */
function targetOf(reference: string): string | undefined {
  if (!/^#(?:\/|$)/.test(reference)) return undefined
  try {
    return pointerSteps(decodeURIComponent(reference.slice(1))).reduce(pointerTo, '')
  } catch {
    return undefined
  }
}

function notWithin(reference: string): string {
  return (
    'Expected a reference to a schema within this one, such as "#/$defs/address", ' +
    `but found ${quoted(reference)}.`
  )
}

function patternProblem(pattern: string): string | undefined {
  try {
    void new LinearPattern(pattern)
    return undefined
  } catch (error) {
    if (!(error instanceof PatternRefused)) throw error
    return `Expected a pattern that can be matched in linear time, but ${error.message}: ${quoted(pattern)}.`
  }
}

function referenceProblems(places: readonly SchemaPlace[]): SchemaProblem[] {
  const targets = new Set(places.map(({ schema }) => schema['$ref']).filter((ref) => ref !== undefined))
  if (targets.size <= MAX_REFERRED_TO) return []
  const message = `Expected references to at most ${MAX_REFERRED_TO} schemas, but there are ${targets.size}.`
  return [{ pointer: '', message }]
}

const PROBES = [null, true, 0, '', [], {}]
/** For each; several times what a schema as large as is allowed takes. */
const MAX_PROBE_STEPS = 100_000

/** What is left to go wrong shall not be learnt when a process is started: the schema is tried on a few values. */
function compilationProblems(schema: JsonSchema): SchemaProblem[] {
  try {
    // As starts use it: each way makes code of its own.
    for (const allErrors of [false, true]) {
      const errorsOf = compileSchema(schema, { allErrors, ofAlternatives: false })
      for (const probe of PROBES) errorsOf(probe, MAX_PROBE_STEPS)
    }
    return []
  } catch (error) {
    const isEndless = error instanceof TooManySteps || error instanceof RangeError
    const why = error instanceof Error ? error.message : String(error)
    const message = isEndless
      ? 'Expected a schema that comes to an end, but even an empty value takes too long: it refers to itself too much.'
      : `Expected a schema that can be used, but it cannot: ${why}.`
    return [{ pointer: '', message }]
  }
}
