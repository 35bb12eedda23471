import type { IncomingMessage } from 'node:http'
import { parseJson, TunaCornError } from '@tunacorn/core'
import type { Bodies, Body } from './read-body.js'
import type { CheckedOperation } from './request-checks.js'
import { RequestError } from './request-error.js'

/** What a request says, once openapi.yaml has nothing against it. */
export interface RequestParts {
  readonly path: object
  readonly query: object
  readonly headers: object
  readonly body: unknown
  /** The body as it came; `undefined` where there is none to read. */
  readonly source: Body | undefined
}

/**
 * Checks every part before anything is done: what is wrong with all of them is said at once.
 *
 * @throws RequestError, and what `Bodies` throws.
 */
export async function checkRequest(
  operation: CheckedOperation,
  request: IncomingMessage & { readonly url: string; readonly params: object },
  bodies: Bodies,
): Promise<RequestParts> {
  const { method, checkPath, checkQuery, checkBody, checkHeaders, headerNames, isBodyRequired } = operation
  const path = { ...request.params }
  const query = queryOf(request.url)
  const headers = headersOf(request, headerNames)
  const source = method === 'post' ? await bodies.read(request) : undefined
  const body = source === undefined || checkBody === undefined ? undefined : jsonOf(source, isBodyRequired)
  const found = [checkPath(path), checkQuery(query), checkHeaders(headers), checkBody?.(body) ?? []]
  if (found.some((errors) => errors.length > 0)) throw new RequestError(found.flat())
  return { path, query, headers, body, source }
}

/** Those that are there, under the names that openapi.yaml gives them. */
function headersOf({ headers }: IncomingMessage, names: readonly string[]): Record<string, unknown> {
  const present: Record<string, unknown> = {}
  for (const name of names) {
    const value = headers[name.toLowerCase()]
    if (value !== undefined) present[name] = value
  }
  return present
}

function queryOf(url: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  const begin = url.indexOf('?')
  if (begin === -1) return query
  for (const [name, value] of new URLSearchParams(url.slice(begin))) {
    // The check will say that a parameter is given twice.
    query[name] = name in query ? [] : value
  }
  return query
}

function jsonOf(source: Body, isRequired: boolean): unknown {
  const isLeftOut = !isRequired && isAbsent(source)
  // What there is nothing of has no type either.
  if (isLeftOut && source.mediaType === '') return {}
  if (!/^application\/([\w.+-]+\+)?json$/.test(source.mediaType)) {
    throw new TunaCornError(
      'unsupported-media-type',
      `Expected a body of type application/json, but its Content-Type is ${JSON.stringify(source.mediaType)}.`,
    )
  }
  if (isLeftOut) return {}
  return source.kind === 'parsed' ? source.value : parseJson(source.text)
}

function isAbsent(source: Body): boolean {
  return source.kind === 'text' ? source.text === '' : source.value === undefined
}
