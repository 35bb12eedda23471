import type { ErrorObject } from 'ajv'
import type { JsonSchema } from './definition.js'
import { compileSchema, type ErrorsOf, TooManySteps } from './input/compile-schema.js'
import { countSchemas, MAX_SCHEMAS } from './input/schema-places.js'
import { pointerTo } from './pointer.js'
import { described, quoted } from './wording.js'

/** What is wrong with an input, and where in it. */
interface InputProblem {
  /** JSON pointer (RFC 6901) to the value; to where it should be, for one that is missing. */
  readonly pointer: string
  readonly message: string
}

/**
 * Everything that is wrong with an input, of which the text in JSON is given; nothing for one that is as it should be.
 * Never throws for what is JSON.
 */
export type InputCheck = (json: string) => readonly InputProblem[]

/** What a check may take however small the input is: some ten milliseconds. */
const BASE_STEPS = 200_000
/** And for each character. One of a sensible input takes one or two, five with many alternatives or a pattern. */
const STEPS_PER_CHARACTER = 10
/** For the second look that finds all problems: each may cost some hundred bytes. */
const MAX_STEPS_FOR_ALL = 50_000
const MAX_PROBLEMS = 100

/**
 * Compiles a schema that `checkDefinition` has found sound: in some milliseconds, a quarter of a second for the largest.
 * The check is by JSON Schema 2020-12; `format` is a note only. It takes time linear in what schema and input say
 * together, and is given up, as a problem of its own, when that is too much. Lists at most a hundred problems, or only
 * the first one where the input is very large.
 */
export function compileInputSchema(schema: JsonSchema): InputCheck {
  // Found sound under other limits than those of today.
  if (countSchemas(schema) > MAX_SCHEMAS) return () => [unusable]
  const first = compileSchema(schema, { allErrors: false, ofAlternatives: false })
  let all: ErrorsOf | undefined
  return (json) => {
    const maxSteps = BASE_STEPS + STEPS_PER_CHARACTER * json.length
    try {
      const value: unknown = JSON.parse(json)
      const errors = first(value, maxSteps)
      if (errors.length === 0) return []
      all ??= compileSchema(schema, { allErrors: true, ofAlternatives: true })
      return problemsOf(allOr(errors, all, value))
    } catch (error) {
      return [unchecked(error, maxSteps)]
    }
  }
}

const unusable: InputProblem = {
  pointer: '',
  message:
    'Expected an input schema that can be used, but this one has too many parts. Register it anew, with fewer.',
}

function allOr(errors: readonly ErrorObject[], all: ErrorsOf, value: unknown): readonly ErrorObject[] {
  try {
    return all(value, MAX_STEPS_FOR_ALL)
  } catch (error) {
    if (error instanceof TooManySteps) return errors
    throw error
  }
}

function problemsOf(errors: readonly ErrorObject[]): InputProblem[] {
  const problems = errors.slice(0, MAX_PROBLEMS).map(problemOf)
  if (errors.length > MAX_PROBLEMS) {
    const message = `There are ${errors.length - MAX_PROBLEMS} more problems, which are not listed.`
    problems.push({ pointer: '', message })
  }
  return problems
}

function problemOf(error: ErrorObject): InputProblem {
  const { keyword, instancePath: pointer, params, data } = error
  const found = `but found ${described(data)}.`
  switch (keyword) {
    case 'required':
    case 'dependentRequired':
    case 'dependencies':
      return missing(pointerTo(pointer, String(params['missingProperty'])))
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return unknown(pointer, String(params['additionalProperty'] ?? params['unevaluatedProperty']))
    case 'type':
      return { pointer, message: `Expected the type ${[params['type']].flat().join(' or ')}, ${found}` }
    case 'const':
      return { pointer, message: `Expected ${inJson(params['allowedValue'])}, ${found}` }
    case 'enum':
      return { pointer, message: `Expected one of ${inJson(params['allowedValues'])}, ${found}` }
    case 'uniqueItems':
      return { pointer, message: 'Expected a list in which nothing stands twice, but something does.' }
    case 'false schema':
      return { pointer, message: `Expected nothing here, ${found}` }
    default:
      return { pointer, message: `Expected a value that fits, ${found} It ${error.message ?? keyword}.` }
  }
}

function missing(pointer: string): InputProblem {
  return { pointer, message: 'Expected a value here, but found none.' }
}

function unknown(pointer: string, key: string): InputProblem {
  return { pointer: pointerTo(pointer, key), message: `Expected no key ${quoted(key)}, but found it.` }
}

function inJson(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`
}

function unchecked(error: unknown, maxSteps: number): InputProblem {
  if (error instanceof TooManySteps) {
    const message = `Expected an input that can be checked in ${maxSteps} steps, but it takes more.`
    return { pointer: '', message }
  }
  if (error instanceof RangeError) {
    return { pointer: '', message: 'Expected an input that can be checked, but it is nested too deeply.' }
  }
  throw error
}
