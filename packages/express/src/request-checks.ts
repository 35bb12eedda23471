import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import {
  openapiDocument,
  type FieldError,
  type OpenApiDocument,
  type OpenApiOperation,
  type OpenApiParameter,
  type operations,
} from '@tunacorn/protocol'

/** An operation of openapi.yaml: where it is, and what checks its parts. Compiled once. */
export interface CheckedOperation {
  readonly id: OperationId
  readonly method: 'get' | 'post' | 'delete'
  /** As in openapi.yaml: `/processes/{id}`. */
  readonly path: string
  readonly checkPath: Check
  readonly checkQuery: Check
  /** Absent for an operation without a JSON body. */
  readonly checkBody: Check | undefined
}

export type OperationId = keyof operations

/** Checks a value, in place filling in defaults and, for parameters, turning text into numbers. */
export type Check = (value: unknown) => readonly FieldError[]

const documentId = 'openapi'
const settings = { strict: false, allErrors: true, validateFormats: false } as const

/** Every operation of the document, those with fixed paths first: `/tasks/claim` before `/tasks/{id}`. */
export function compileOperations(document: OpenApiDocument = openapiDocument): CheckedOperation[] {
  const bodies = new Ajv2020(settings)
  const parameters = new Ajv2020({ ...settings, coerceTypes: true, useDefaults: true })
  for (const ajv of [bodies, parameters]) ajv.addSchema({ ...document }, documentId)

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
        checkBody: compileBody(bodies, path, method, operation),
      })
    }
  }
  return compiled.sort((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')))
}

function compileParameters(ajv: Ajv2020, all: readonly OpenApiParameter[], place: 'path' | 'query'): Check {
  const own = all.filter((parameter) => parameter.in === place)
  const validate = ajv.compile({
    type: 'object',
    properties: Object.fromEntries(own.map(({ name, schema }) => [name, absolute(schema)])),
    required: own.filter(({ required }) => required === true).map(({ name }) => name),
    additionalProperties: false,
  })
  return checkWith(validate, place)
}

function compileBody(
  ajv: Ajv2020,
  path: string,
  method: string,
  operation: OpenApiOperation,
): Check | undefined {
  if (operation.requestBody?.content?.['application/json'] === undefined) return undefined
  const pointer = ['paths', path, method, 'requestBody', 'content', 'application/json', 'schema']
    .map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1'))
    .map(encodeURIComponent)
    .join('/')
  return checkWith(ajv.compile({ $ref: `${documentId}#/${pointer}` }), 'body')
}

function resolve(document: OpenApiDocument, parameter: OpenApiParameter): OpenApiParameter {
  const name = parameter.$ref?.replace('#/components/parameters/', '')
  const resolved = name === undefined ? parameter : document.components.parameters[name]
  if (resolved === undefined) throw new Error(`openapi.yaml refers to a parameter that is not there: ${name}`)
  return resolved
}

/** A schema of a parameter stands outside of the document when it is compiled: its references must name it. */
function absolute(schema: object): object {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, key === '$ref' ? `${documentId}${value}` : value]),
  )
}

function checkWith(validate: ValidateFunction, place: 'path' | 'query' | 'body'): Check {
  return (value) => (validate(value) ? [] : (validate.errors ?? []).map((error) => fieldError(error, place)))
}

function fieldError(error: ErrorObject, place: 'path' | 'query' | 'body'): FieldError {
  const { pointer, message } = described(error)
  return { in: place, pointer: place === 'body' ? pointer : pointer.slice(1), message }
}

function described({ keyword, instancePath, params, message = 'is not valid' }: ErrorObject): {
  pointer: string
  message: string
} {
  const { additionalProperty, missingProperty, allowedValues } = params as Record<string, unknown>
  switch (keyword) {
    case 'additionalProperties':
      return { pointer: `${instancePath}/${String(additionalProperty)}`, message: 'is not a known field' }
    case 'required':
      return { pointer: `${instancePath}/${String(missingProperty)}`, message: 'is missing' }
    case 'enum':
      return { pointer: instancePath, message: `must be one of ${(allowedValues as unknown[]).join(', ')}` }
    case 'false schema':
      return { pointer: instancePath, message: 'may not be given together with an error' }
    default:
      return { pointer: instancePath, message }
  }
}
