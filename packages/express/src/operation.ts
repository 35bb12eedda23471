import type { Request } from 'express'
import type { operations } from '@tunacorn/protocol'
import type { Engine, Logger } from '@tunacorn/core'
import type { Action } from './authorize.js'
import type { Metrics } from './metrics/metrics.js'
import type { Body } from './read-body.js'
import type { Waits } from './waits.js'
import type { OperationId } from './request-checks.js'

/** A request to an operation, checked: its types are those of openapi.yaml. */
export interface Checked<Id extends OperationId> {
  readonly path: Parameters_<Id, 'path'>
  readonly query: Parameters_<Id, 'query'>
  readonly headers: Parameters_<Id, 'header'>
  readonly body: JsonBody<Id>
  /** For operations that read the text themselves. */
  readonly source: Body | undefined
  readonly request: Request
  readonly engine: Engine
  /** There wherever they are served. */
  readonly metrics: Metrics | undefined
  /** The host's for this request, where it has one (`request.log`, as of pino-http). */
  readonly logger: Logger
  readonly waits: Waits
  /** For what waits for the store by itself. */
  readonly whenReady: () => Promise<void>
  /** Aborted when the client has gone before it was answered. */
  readonly signal: AbortSignal
  /** For what goes on for long: whoever asked may have lost the right to it since. @throws TunaCornError */
  readonly refuseUnlessAllowed: () => Promise<void>
}

type Parameters_<Id extends OperationId, Place extends 'path' | 'query' | 'header'> = NonNullable<
  operations[Id]['parameters'][Place]
>

/** Also where it may be left out: then it is checked, and served, as an empty one. */
type JsonBody<Id extends OperationId> = operations[Id] extends { requestBody?: never }
  ? undefined
  : NonNullable<operations[Id]['requestBody']> extends { content: { 'application/json': infer B } }
    ? B
    : undefined

/** What is answered. A `body` is printed as JSON, a `text` is sent as it is, a `stream` as it comes. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly text?: string
  readonly stream?: AsyncIterable<string>
  readonly contentType?: string
  /** Path of a new resource, relative to where the router is mounted. */
  readonly location?: string
}

/** One operation of openapi.yaml as it is served. */
export interface Operation<Id extends OperationId> {
  /** `undefined`: anybody may ask, without being asked who they are. */
  readonly action: Action | undefined
  /** Whether it waits until the store is there; by itself, what needs a right does. */
  readonly needsStore?: boolean
  readonly serve: (checked: Checked<Id>) => Answer | Promise<Answer>
}

/** All of them: each that openapi.yaml names, and nothing else. */
export type Operations = { readonly [Id in OperationId]: Operation<Id> }

export function ok(body: unknown): Answer {
  return { status: 200, body }
}

/** For what has been printed as JSON already. */
export function printed(text: string): Answer {
  return { status: 200, text, contentType: 'application/json' }
}

export const noContent: Answer = { status: 204 }
