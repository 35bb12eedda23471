import { Ajv2020, type ErrorObject, type Options } from 'ajv/dist/2020.js'
import type { JsonSchema } from '../definition.js'
import { LinearPattern } from './linear-pattern.js'
import { type Cost, COST, prepareSchema } from './prepare-schema.js'

/** Thrown out of a check that takes too long. */
export class TooManySteps extends Error {}

const OPTIONS: Options = {
  strict: false,
  // `format` is a note, as 2020-12 has it unless said otherwise.
  validateFormats: false,
  validateSchema: false,
  meta: false,
  logger: false,
  // Copies of what is referred to could make the code many times as large as the schema.
  inlineRefs: false,
  ownProperties: true,
  verbose: true,
}

/**
 * The errors of a value, by a schema that has been found sound.
 * @param maxSteps what the check may cost: each time a schema is applied, what it looks at, each step of a pattern.
 * @throws TooManySteps; RangeError for values nested too deeply to be followed.
 */
export type ErrorsOf = (value: unknown, maxSteps: number) => readonly ErrorObject[]

/**
 * @param options.allErrors not only the first one.
 * @param options.ofAlternatives also why each alternative does not fit, where none does. Only where steps are few: each
 * of these errors costs some microseconds and some hundred bytes, again for every schema that refers to where it is.
 */
export function compileSchema(
  schema: JsonSchema,
  { allErrors, ofAlternatives }: { readonly allErrors: boolean; readonly ofAlternatives: boolean },
): ErrorsOf {
  let left = 0
  const spend = (steps: number): void => {
    left -= steps
    if (left < 0) throw new TooManySteps('Expected a check of fewer steps, but there are more')
  }
  // Making the code shorter takes time that is quadratic in the size of the schema.
  const code = { optimize: false, regExp: patternsThat(spend) }
  const ajv = new Ajv2020({ ...OPTIONS, allErrors, code })
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    errors: false,
    validate: (wanted: boolean, items: readonly unknown[]) => !wanted || areUnique(items, spend),
  })
  ajv.addKeyword({
    keyword: COST,
    schemaType: 'object',
    // First, so that schemas that refer to themselves are counted too.
    before: '$ref',
    errors: false,
    validate: (cost: Cost, value: unknown) => {
      spend(stepsOf(cost, value))
      return true
    },
  })
  if (!ofAlternatives) for (const keyword of ['anyOf', 'oneOf', 'contains']) forgetErrorsWithin(ajv, keyword)
  const validate = ajv.compile(prepareSchema(schema))
  return (value, maxSteps) => {
    left = maxSteps
    return validate(value) ? [] : (validate.errors ?? [])
  }
}

/** Ajv keeps what is wrong with every alternative until one fits. */
function forgetErrorsWithin(ajv: Ajv2020, keyword: string): void {
  const definition = ajv.getKeyword(keyword)
  if (typeof definition !== 'object' || !('code' in definition))
    throw new Error(`Expected Ajv to know ${keyword}`)
  const { code } = definition
  definition.code = (context, ruleType) => {
    const subschema = context.subschema.bind(context)
    context.subschema = (applied, valid) => {
      const within = subschema(applied, valid)
      context.reset()
      return within
    }
    code(context, ruleType)
  }
}

function patternsThat(spend: (steps: number) => void) {
  const engine = (source: string) => {
    const pattern = new LinearPattern(source)
    return { test: (text: string) => pattern.test(text, spend), toString: () => source }
  }
  // Only standalone code is made with this, and none is.
  return Object.assign(engine, { code: 'undefined' })
}

/** To write an item down and to look it up takes so long, however short it is. */
const UNIQUE_ITEM_STEPS = 8

/** In time linear in the size of the items; Ajv compares each with each. */
function areUnique(items: readonly unknown[], spend: (steps: number) => void): boolean {
  const seen = new Set<string>()
  for (const item of items) {
    const text = JSON.stringify(item, withSortedKeys)
    spend(UNIQUE_ITEM_STEPS + text.length)
    seen.add(text)
  }
  return seen.size === items.length
}

function withSortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function stepsOf({ fixed, perPart, perKey }: Cost, value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return fixed + perPart * value.length
  if (perKey === 0 || typeof value !== 'object' || value === null) return fixed
  return fixed + perKey * Object.keys(value).length
}
