import {
  Ajv2020,
  type ErrorObject,
  type FuncKeywordDefinition,
  type ValidateFunction,
} from 'ajv/dist/2020.js'
import {
  openapiDocument,
  type FieldError,
  type OpenApiDocument,
  type OpenApiOperation,
  type OpenApiParameter,
  type operations,
} from '@tunacorn/protocol'

/** An operation of openapi.yaml: where it is, and what checks its parts. */
export interface CheckedOperation {
  readonly id: OperationId
  readonly method: 'get' | 'post' | 'delete'
  /** As in openapi.yaml: `/processes/{id}`. */
  readonly path: string
  readonly checkPath: Check
  readonly checkQuery: Check
  /** Absent for an operation without a JSON body. */
  readonly checkBody: Check | undefined
  /** Where it is not, no body says the same as `{}`. */
  readonly isBodyRequired: boolean
  /** Of the headers that the operation names, in lower case; others are not looked at. */
  readonly checkHeaders: Check
  readonly headerNames: readonly string[]
}

export type OperationId = keyof operations

/** Checks a value; for parameters, in place, filling in defaults and turning text into numbers. */
export type Check = (value: unknown) => readonly FieldError[]

type Place = 'path' | 'query' | 'header' | 'body'

const documentId = 'openapi'
const settings = { strict: false, validateFormats: false } as const

let compiledOnce: readonly CheckedOperation[] | undefined

/** Every operation of openapi.yaml, compiled when first asked for: it takes longer than all else at start. */
export function checkedOperations(): readonly CheckedOperation[] {
  compiledOnce ??= compileOperations(openapiDocument)
  return compiledOnce
}

/** Every operation of the document, those with fixed paths first: `/tasks/claim` before `/tasks/{id}`. */
function compileOperations(source: OpenApiDocument): CheckedOperation[] {
  const document = withStorableText(source)
  const parameters = new Ajv2020({ ...settings, allErrors: true, useDefaults: true })
  parameters.addSchema({ ...document }, documentId)
  const bodies = new BodyChecks(document)

  const compiled: CheckedOperation[] = []
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of ['get', 'post', 'delete'] as const) {
      const operation = item[method]
      if (operation === undefined) continue
      const own = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) =>
        resolve(document, one),
      )
      compiled.push({
        id: operation.operationId as OperationId,
        method,
        path,
        checkPath: compileParameters(parameters, own, 'path'),
        checkQuery: compileParameters(parameters, own, 'query'),
        checkBody: bodies.compile(path, method, operation),
        isBodyRequired: operation.requestBody?.required !== false,
        checkHeaders: compileParameters(parameters, own, 'header'),
        headerNames: own.filter((one) => one.in === 'header').map(({ name }) => name),
      })
    }
  }
  return compiled.sort((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')))
}

function compileParameters(ajv: Ajv2020, all: readonly OpenApiParameter[], place: Place): Check {
  const own = all.filter((parameter) => parameter.in === place)
  if (own.length === 0) return (value) => refuseAll(value as object, place)
  const validate = ajv.compile({
    type: 'object',
    properties: Object.fromEntries(own.map(({ name, schema }) => [name, absolute(schema)])),
    required: own.filter(({ required }) => required === true).map(({ name }) => name),
    additionalProperties: false,
  })
  const check = checkWith(validate, place)
  const whole = own.filter(({ schema }) => 'type' in schema && schema.type === 'integer')
  return (value) => {
    const texts = value as Record<string, unknown>
    const repeated = Object.keys(texts).filter((name) => Array.isArray(texts[name]))
    if (repeated.length > 0)
      return repeated.map((name) => ({ in: place, pointer: name, message: repeatedMessage }))
    for (const { name } of whole) texts[name] = wholeNumber(texts[name])
    return check(texts)
  }
}

/** Where there is nothing to be given, and mostly nothing is. */
function refuseAll(value: object, place: Place): readonly FieldError[] {
  const message = 'is not a known field'
  return Object.keys(value)
    .slice(0, maxErrors)
    .map((name) => ({ in: place, pointer: escaped(name), message }))
}

const repeatedMessage = 'may be given only once'

/** Only digits: what else `Number` takes for one (`0x10`, `1e3`) is left for the check to refuse. */
function wholeNumber(text: unknown): unknown {
  return typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : text
}

/** Of more values than this, only the first mistake is looked for: the time for all of them is not linear. */
const maxValuesForAll = 5_000

/** Bodies may be large, and made to be slow: the first mistake ends the check, unless there is little to look at. */
class BodyChecks {
  readonly #first: Ajv2020
  readonly #all: Ajv2020

  constructor(document: OpenApiDocument) {
    this.#first = new Ajv2020(settings)
    this.#all = new Ajv2020({ ...settings, allErrors: true })
    for (const ajv of [this.#first, this.#all]) {
      ajv.removeKeyword('uniqueItems')
      ajv.addKeyword(uniqueItems)
      ajv.addSchema({ ...document }, documentId)
    }
  }

  compile(path: string, method: string, { requestBody }: OpenApiOperation): Check | undefined {
    if (requestBody?.content?.['application/json'] === undefined) return undefined
    const pointer = ['paths', path, method, 'requestBody', 'content', 'application/json', 'schema']
      .map((step) => encodeURIComponent(escaped(step)))
      .join('/')
    const schema = { $ref: `${documentId}#/${pointer}` }
    const checkFirst = checkWith(this.#first.compile(schema), 'body')
    // Compiled when somebody makes a mistake.
    let checkAll: Check | undefined
    return (value) => {
      const errors = checkFirst(value)
      if (errors.length === 0 || hasMoreValuesThan(maxValuesForAll, value)) return errors
      checkAll ??= checkWith(this.#all.compile(schema), 'body')
      return checkAll(value)
    }
  }
}

/** Ajv compares each item with each, however deep it is. Here only texts have to be unique. */
const uniqueItems: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  errors: false,
  error: { message: 'must not hold an item twice' },
  validate: (wanted: boolean, items: readonly unknown[]) => {
    const texts = items.filter((item) => typeof item === 'string')
    return !wanted || new Set(texts).size === texts.length
  },
}

function hasMoreValuesThan(limit: number, value: unknown): boolean {
  const open = [value]
  for (let next = 0; next < open.length && open.length <= limit; next += 1) {
    const each = open[next]
    if (typeof each === 'object' && each !== null)
      for (const part of Object.values(each)) if (open.push(part) > limit) return true
  }
  return open.length > limit
}

function resolve(document: OpenApiDocument, parameter: OpenApiParameter): OpenApiParameter {
  const name = parameter.$ref?.replace('#/components/parameters/', '')
  const resolved = name === undefined ? parameter : document.components.parameters[name]
  if (resolved === undefined) throw new Error(`openapi.yaml refers to a parameter that is not there: ${name}`)
  return resolved
}

/**
 * Text that is neither checked by a pattern nor a payload: no store keeps a NUL, and halves of a surrogate pair turn
 * into other characters on their way.
 */
const storableText = '^[^\\u0000\\ud800-\\udfff]*$'

function withStorableText<T>(part: T): T {
  if (typeof part !== 'object' || part === null) return part
  if (Array.isArray(part)) return part.map(withStorableText) as T
  const copy: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(part)) copy[key] = withStorableText(value)
  const isFreeText = copy['type'] === 'string' && copy['pattern'] === undefined && copy['enum'] === undefined
  return (isFreeText ? { ...copy, pattern: storableText } : copy) as T
}

/** A schema of a parameter stands outside of the document when it is compiled: its references must name it. */
function absolute(schema: object): object {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, key === '$ref' ? `${documentId}${value}` : value]),
  )
}

/** Nobody reads more, and a body of nothing but mistakes shall not be answered by a larger one. */
const maxErrors = 100

function checkWith(validate: ValidateFunction, place: Place): Check {
  return (value) => {
    if (validate(value)) return []
    return (validate.errors ?? []).slice(0, maxErrors).map((error) => fieldError(error, place))
  }
}

function fieldError(error: ErrorObject, place: Place): FieldError {
  const { pointer, message } = described(error)
  return { in: place, pointer: place === 'body' ? pointer : pointer.slice(1), message }
}

function described({ keyword, instancePath, schemaPath, params, message = 'is not valid' }: ErrorObject): {
  pointer: string
  message: string
} {
  const { additionalProperty, missingProperty, property, allowedValues, allowedValue, pattern } =
    params as Record<string, unknown>
  switch (keyword) {
    case 'additionalProperties':
      return { pointer: `${instancePath}/${escaped(additionalProperty)}`, message: 'is not a known field' }
    case 'required':
      return { pointer: `${instancePath}/${String(missingProperty)}`, message: 'is missing' }
    case 'dependentRequired':
      return {
        pointer: `${instancePath}/${escaped(property)}`,
        message: `may only be given together with ${String(missingProperty)}`,
      }
    case 'const':
      return { pointer: instancePath, message: `must be ${JSON.stringify(allowedValue)}` }
    case 'enum':
      return { pointer: instancePath, message: `must be one of ${(allowedValues as unknown[]).join(', ')}` }
    case 'pattern':
      return pattern === storableText
        ? { pointer: instancePath, message: 'must not hold a NUL or half of a surrogate pair' }
        : { pointer: instancePath, message }
    case 'false schema':
      return { pointer: instancePath, message: `may not be given together with ${excludedBy(schemaPath)}` }
    default:
      return { pointer: instancePath, message }
  }
}

/** The field that forbids another: `#/…/dependentSchemas/error/properties/output/false schema` → `error` */
function excludedBy(schemaPath: string): string {
  return /\/dependentSchemas\/(\w+)\//.exec(schemaPath)?.[1] ?? 'the others'
}

/** A key as a step of a JSON pointer. */
function escaped(key: unknown): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1')
}
