import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { isErrorCode, errorRegistry } from '@tunacorn/protocol'
import { parse } from 'yaml'

// What openapi.yaml promises of every answer, checked on every answer that a test gets.

interface ResponseObject {
  readonly $ref?: string
  readonly headers?: Readonly<Record<string, object>>
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
}

export interface OperationObject {
  readonly operationId: string
  readonly responses: Readonly<Record<string, ResponseObject>>
}

type PathItem = Partial<Record<Method, OperationObject>>

export type Method = (typeof methods)[number]

/** The document, read from the file itself rather than from what was generated of it. */
export const openapi = parse(readFileSync(new URL('../../../../openapi.yaml', import.meta.url), 'utf8')) as {
  readonly paths: Readonly<Record<string, PathItem>>
  readonly components: {
    readonly responses: Readonly<Record<string, ResponseObject>>
    readonly schemas: Readonly<Record<string, object>>
  }
}

export const methods = ['get', 'post', 'delete', 'put', 'patch', 'options', 'head'] as const

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addFormat('date-time', {
  type: 'string',
  validate: (text) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && new Date(text).toJSON() === text,
})
ajv.addSchema({ ...openapi }, 'openapi')
const compiled = new Map<string, ValidateFunction>()

/**
 * @param path as asked for, from where the router is mounted.
 * @returns the body, parsed when it is JSON.
 * @throws Error when the answer is not one that openapi.yaml declares.
 */
export function checkAnswer(method: string, path: string, answer: Answered): unknown {
  const [pathname = ''] = path.split('?')
  const known = Object.keys(openapi.paths).filter((pattern) => matches(pattern, pathname))
  if (known.length === 0) throw new Error(`openapi.yaml has no path for ${pathname}`)
  const operations = known.flatMap((pattern) => {
    const operation = openapi.paths[pattern]?.[method.toLowerCase() as Method]
    return operation === undefined ? [] : [{ operation, pattern }]
  })
  // Fixed paths go before those with parameters.
  const [found] = operations.toSorted((a, b) => a.pattern.split('{').length - b.pattern.split('{').length)
  const body =
    found === undefined
      ? checkMethodRefused(answer)
      : checkDeclared(found.pattern, method.toLowerCase(), found.operation, answer)
  const isClaim = found !== undefined && handsOut.includes(found.operation.operationId)
  refuseSecrets(isClaim ? withoutClaims(body) : answer.text)
  return body
}

/** The only operations whose answers may hold secrets: those of what they hand out. */
const handsOut = ['claimTasks', 'claimTask']

/** Every secret that has been handed out in this file. */
const secrets = new Set<string>()

/** What else a claim is answered with; the claims themselves are remembered, to be found nowhere else. */
function withoutClaims(body: unknown): string {
  return JSON.stringify(body, (key, value: unknown) => {
    if (key !== 'claim') return value
    secrets.add(String(value).split('.')[1] ?? '')
    return undefined
  })
}

/** @throws Error when a text, an answer or a log, shows the secret of a claim. */
export function refuseSecrets(text: string): void {
  for (const [token] of text.matchAll(/(?<![\w-])[\w-]{22}(?![\w-])/g)) {
    if (secrets.has(token))
      throw new Error(`Expected no secret of a claim, but found one: ${text.slice(0, 2000)}`)
  }
}

function matches(pattern: string, pathname: string): boolean {
  return new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname)
}

function checkMethodRefused(answer: Answered): unknown {
  if (answer.status !== 405) throw new Error(`Expected 405 for another method, but found ${answer.status}`)
  if (answer.headers['allow'] === undefined) throw new Error('Expected 405 to come with Allow')
  return checkBody(answer, openapi.components.responses['Problem'] ?? {}, '/components/responses/Problem')
}

function checkDeclared(
  pattern: string,
  method: string,
  { operationId, responses }: OperationObject,
  answer: Answered,
): unknown {
  const what = `${operationId} (${answer.status})`
  const key = [String(answer.status), `${String(answer.status)[0]}XX`].find((status) => status in responses)
  if (key === undefined) throw new Error(`openapi.yaml does not declare ${what}: ${answer.text}`)
  const declared = responses[key] ?? {}
  const pointer =
    declared.$ref?.slice(1) ?? ['', 'paths', escape(pattern), method, 'responses', key].join('/')
  const response = declared.$ref === undefined ? declared : at(pointer)
  for (const header of Object.keys(response.headers ?? {})) {
    if (answer.headers[header.toLowerCase()] === undefined)
      throw new Error(`${what} lacks the header ${header}`)
  }
  return checkBody(answer, response, pointer)
}

function checkBody(answer: Answered, response: ResponseObject, pointer: string): unknown {
  const { status, headers, text } = answer
  if (status === 500) throw new Error(`Nothing that is sent may break anything, but: ${text}`)
  if (response.content === undefined) {
    if (text !== '') throw new Error(`Expected no body with ${status}, but found ${text}`)
    return undefined
  }
  const contentType = String(headers['content-type'])
  if (!Object.hasOwn(response.content, contentType))
    throw new Error(
      `Expected ${Object.keys(response.content).join(' or ')}, but found ${contentType}: ${text}`,
    )
  if (/^(application\/yaml|text\/(event-stream|plain);?)/.test(contentType)) return text
  const body: unknown = JSON.parse(text)
  const validate = schemaAt([pointer, 'content', escape(contentType), 'schema'].join('/'))
  if (!validate(body))
    throw new Error(`${pointer} does not allow ${ajv.errorsText(validate.errors)}: ${text.slice(0, 2000)}`)
  if (contentType === 'application/problem+json') checkProblem(status, body as Record<string, unknown>)
  return body
}

/** What the schema cannot say: the status is the answer's own, and the code is one of the registry's. */
function checkProblem(status: number, { status: said, code, type, title }: Record<string, unknown>): void {
  if (!isErrorCode(code)) throw new Error(`The problem has an unknown code ${String(code)}`)
  const registered = errorRegistry[code]
  if (said !== status || registered.status !== status)
    throw new Error(`The problem ${code} was answered with ${status} and says ${String(said)}`)
  if (title !== registered.title || type !== `urn:tunacorn:problem:${code}`)
    throw new Error(`The problem ${code} has the title or type of another`)
}

function schemaAt(pointer: string): ValidateFunction {
  const known = compiled.get(pointer)
  if (known !== undefined) return known
  const validate = ajv.compile({ $ref: `openapi#${pointer.split('/').map(encodeURIComponent).join('/')}` })
  compiled.set(pointer, validate)
  return validate
}

function at(pointer: string): ResponseObject {
  return openapi.components.responses[pointer.split('/').at(-1) ?? ''] ?? {}
}

function escape(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1')
}
