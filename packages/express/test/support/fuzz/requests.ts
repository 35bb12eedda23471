import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { openapi } from '../contract.js'
import { anyJson, FromSchema, strangeText, type Schema } from './from-schema.js'

/** A request as it is sent, but for what the world knows: `«process 3»` is filled in when it is sent. */
export interface FuzzRequest {
  readonly operationId: string
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | undefined
  /** The connection is given up after this much of the body. */
  readonly cutAt: number | undefined
}

/** What can be filled in. */
export const kinds = ['process', 'task', 'claim', 'held', 'definition', 'cursor'] as const
export type Kind = (typeof kinds)[number]

interface Parameter extends Readonly<Record<string, unknown>> {
  readonly $ref?: string
  readonly name: string
  readonly in: string
  readonly schema: Schema
}

interface OperationParts {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly $ref?: string
    readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
  }
}

const document = openapi as unknown as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}
const definitionSchema = JSON.parse(
  readFileSync(new URL('../../../../protocol/definition.schema.json', import.meta.url), 'utf8'),
) as Schema

const of = (kind: Kind) => fc.nat(99).map((n) => `«${kind} ${n}»`)

/** No wait is long, so that nothing has to be waited for. */
const durations = fc.constantFrom(
  '0s',
  '1ms',
  '20ms',
  'PT0S',
  'PT0.01S',
  '100ms',
  '61s',
  '2h',
  '1d',
  '7d',
  '366d',
  '999999999999999d',
)

const schemas = new FromSchema({
  resolve: (reference) => at(document, reference),
  known: {
    ProcessId: fc.oneof({ weight: 4, arbitrary: of('process') }, fc.uuid({ version: 7 })),
    TaskId: fc.oneof({ weight: 4, arbitrary: of('task') }, of('held')),
    Claim: fc.oneof({ weight: 4, arbitrary: of('claim') }, fc.stringMatching(/^[1-9]\.[A-Za-z0-9_-]{22}$/)),
    Name: fc.oneof(
      { weight: 4, arbitrary: of('definition') },
      fc.constantFrom('A', 'B', '__proto__'),
      strangeText,
    ),
    Duration: durations,
  },
})

const definitions = new FromSchema({
  resolve: (reference) => at(definitionSchema, reference),
  known: { timeout: durations, heartbeat: durations, delay: durations, scheduleTimeout: durations },
}).values(definitionSchema)

const names = ['A', 'B', 'C', '__proto__', 'constructor']
const soundDefinition = fc
  .record({
    name: fc.constantFrom('fuzzed', 'a/b', '__proto__', 'constructor', 'ü 🐟', 'validate'),
    defaults: fc.constantFrom({}, { retry: 2 }, { retry: 1, timeout: '1s' }),
    count: fc.integer({ min: 1, max: names.length }),
  })
  .map(({ name, defaults, count }) => {
    const tasks = names.slice(0, count).map((task, n) => ({ name: task, needs: names.slice(0, n) }))
    return { name, defaults, tasks }
  })

const definitionText = fc.oneof(
  soundDefinition.map((value) => JSON.stringify(value)),
  definitions.map((value) => JSON.stringify(value) ?? ''),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc
    .array(
      fc.constantFrom('tasks:', '- ', 'name: A', '\n', '  ', '{', '}', '[', ']', '&a', '*a', '!!t ', '"'),
      {
        maxLength: 20,
      },
    )
    .map((parts) => parts.join('')),
)

/** `common` nearly always, `rare` else. */
function mostly<T>(common: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight = 20): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: common }, { weight: 1, arbitrary: rare })
}

const headerText = fc.string({
  unit: fc.integer({ min: 32, max: 126 }).map((c) => String.fromCharCode(c)),
  maxLength: 30,
})

const extraHeaders = mostly<readonly (readonly [string, string])[]>(
  fc.constant([]),
  fc.array(
    fc.oneof(
      fc.tuple(
        fc.constant('Accept'),
        fc.oneof(headerText, fc.constantFrom('*/*;q=0', 'application/yaml', ',,;q', 'text/event-stream')),
      ),
      fc.tuple(fc.constant('Content-Encoding'), fc.constantFrom('gzip', 'identity', 'br', '')),
      fc.tuple(fc.constant('Idempotency-Key'), fc.oneof(headerText, fc.constant('the same'))),
      fc.tuple(fc.constant('Content-Type'), headerText),
      fc.tuple(fc.constant('If-None-Match'), headerText),
      fc.tuple(fc.constant('X-HTTP-Method-Override'), fc.constant('DELETE')),
      fc.tuple(fc.constant('__proto__'), headerText),
    ),
    { minLength: 1, maxLength: 4 },
  ),
  6,
)

const methods = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND']

function requestsTo(path: string, method: string, parts: OperationParts): fc.Arbitrary<FuzzRequest> {
  const shared = (document.paths[path]?.['parameters'] ?? []) as readonly Parameter[]
  const parameters = [...shared, ...(parts.parameters ?? [])].map((one) =>
    one.$ref === undefined ? one : at<Parameter>(document, one.$ref),
  )
  const bodyParts =
    parts.requestBody?.$ref === undefined
      ? parts.requestBody
      : at<NonNullable<OperationParts['requestBody']>>(document, parts.requestBody.$ref)
  return fc
    .record({
      method: mostly(fc.constant(method.toUpperCase()), fc.constantFrom(...methods)),
      path: filledPath(path, parameters),
      query: queryOf(parameters),
      headers: extraHeaders,
      own: ownHeaders(parameters),
      body: bodyParts === undefined ? mostly(fc.constant(undefined), fc.constant('{}')) : bodyOf(bodyParts),
      type: mostly(
        fc.constantFrom(...Object.keys(bodyParts?.content ?? { 'application/json': {} })),
        fc.constantFrom('text/plain', 'application/json; charset=latin1', 'multipart/form-data', '', 'json'),
      ),
      cut: mostly(fc.constant(undefined), fc.nat(50), 40),
    })
    .map(({ query, own, headers, body, type, cut, ...rest }) => ({
      ...rest,
      operationId: parts.operationId,
      path: query === '' ? rest.path : `${rest.path}?${query}`,
      headers: [...(body === undefined ? [] : [['Content-Type', type] as const]), ...own, ...headers],
      body,
      cutAt: body === undefined ? undefined : cut,
    }))
}

/** Now and then a path that nothing can be made of. */
function filledPath(path: string, parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const steps = path.split(/(\{\w+\})/).map((step) => {
    const parameter = parameters.find((one) => one.in === 'path' && step === `{${one.name}}`)
    if (parameter === undefined) return fc.constant(step)
    return schemas.values(parameter.schema).map((value) => encoded(asText(value)))
  })
  const whole = fc.tuple(...steps).map((filled) => filled.join(''))
  const damage = fc.constantFrom('%zz', '%', '%c0%af', '%00', '/', '//', '/..', ';a=b', '%2e%2e', '*')
  const damaged = fc
    .tuple(whole, damage, fc.nat(100))
    .map(
      ([text, piece, place]) =>
        text.slice(0, 1 + (place % text.length)) + piece + text.slice(1 + (place % text.length)),
    )
  return mostly(whole, damaged)
}

function queryOf(parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const known = parameters
    .filter((one) => one.in === 'query')
    .map((one) =>
      fc
        .tuple(
          fc.boolean(),
          schemas.values(one.name === 'cursor' ? { $ref: '#/components/schemas/ProcessId' } : one.schema),
        )
        .map(([there, value]) => (there ? `${one.name}=${encoded(asText(value))}` : '')),
    )
  const strange = fc
    .tuple(strangeText, strangeText)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
  const repeated = fc.constantFrom(
    'limit=1&limit=2',
    'limit[]=1',
    'state',
    'wait=1ms&wait=1ms',
    '%zz=1',
    '&&&',
    '=',
  )
  return fc
    .tuple(mostly(fc.constant(''), fc.oneof(strange, repeated)), ...known)
    .map((pairs) => pairs.filter((pair) => pair !== '').join('&'))
}

function ownHeaders(parameters: readonly Parameter[]): fc.Arbitrary<(readonly [string, string])[]> {
  const own = parameters
    .filter((one) => one.in === 'header')
    .map((one) =>
      fc.option(
        fc
          .oneof(schemas.values(one.schema), fc.constantFrom('1', '2'))
          .map((value) => [one.name, asText(value)] as const),
      ),
    )
  return fc.tuple(...own).map((headers) => headers.filter((header) => header !== null))
}

function bodyOf({
  content = {},
}: NonNullable<OperationParts['requestBody']>): fc.Arbitrary<string | undefined> {
  const json = content['application/json']?.schema ?? {}
  const text =
    content['application/yaml'] === undefined
      ? schemas.values(json).map((value) => JSON.stringify(value) ?? '')
      : definitionText
  const damaged = fc
    .tuple(
      text,
      fc.nat(1000),
      fc.constantFrom('', '"', '{', ']', ',', '\\', '1e999', '-0', '\u0000', '\ud800'),
    )
    .map(
      ([whole, place, piece]) =>
        whole.slice(0, place % (whole.length + 1)) + piece + whole.slice((place % (whole.length + 1)) + 1),
    )
  const huge = fc
    .constantFrom(70, 5_000, 1_100_000, 4_300_000)
    .map((size) => `{"worker":"${'x'.repeat(size)}"}`)
  return fc.oneof(
    { weight: 40, arbitrary: text },
    { weight: 3, arbitrary: damaged },
    { weight: 1, arbitrary: anyJson.map((value) => JSON.stringify(value) ?? '') },
    { weight: 1, arbitrary: mostly(fc.constant(undefined), huge, 3) },
  )
}

/** A text as it is, whatever else as JSON. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** As it stands in a URL; what is to be filled in stays as it is. */
function encoded(text: string): string {
  return text.startsWith('«') ? text : encodeURIComponent(text.replaceAll(/\p{Cs}/gu, '?'))
}

function at<Part>(root: object, reference: string): Part {
  const steps = reference.split('/').slice(1)
  return steps.reduce<unknown>((part, step) => (part as Record<string, unknown>)[step], root) as Part
}

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  ['get', 'post', 'delete'].flatMap((method) => {
    const parts = item[method] as OperationParts | undefined
    return parts === undefined ? [] : [{ path, method, parts }]
  }),
)

export const operationIds = operations.map(({ parts }) => parts.operationId)

/** The document weighs little here: how often a route is asked is up to the tests. */
export const anyRequest: fc.Arbitrary<FuzzRequest> = fc.oneof(
  ...operations.map(({ path, method, parts }) => ({
    weight: /^(start|claim|complete|register)/.test(parts.operationId)
      ? 3
      : parts.operationId === 'openapi'
        ? 1
        : 2,
    arbitrary: requestsTo(path, method, parts),
  })),
)
