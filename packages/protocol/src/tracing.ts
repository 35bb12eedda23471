import type * as OpenTelemetry from '@opentelemetry/api'
import { formatTraceparent, parseTraceparent } from './traceparent.js'

/** A span that is about to begin. */
export interface SpanDescription {
  readonly name: string
  /** It puts work on its way, does work, or is a step of ours. */
  readonly kind: 'producer' | 'consumer' | 'internal'
  /** Named by the conventions for messaging where these have a name, else `tunacorn.…`. */
  readonly attributes: Readonly<Record<string, string | number>>
}

export interface CurrentSpan {
  /** For what continues it elsewhere. Where nobody traces, what the span was to continue. */
  readonly traceparent: string | undefined
  /** It did not come out well, though nothing is thrown. */
  readonly fail: (error: unknown) => void
}

/**
 * Runs something in a span of OpenTelemetry, active meanwhile; what it throws fails the span, and is passed on. Where
 * `@opentelemetry/api` is not installed, it is just run, and `describe` not even asked.
 *
 * @param parent the `traceparent` of the span that it continues; when absent, the one that is active here, if one is.
 */
export async function inSpan<T>(
  parent: string | undefined,
  describe: () => SpanDescription,
  run: (span: CurrentSpan) => Promise<T>,
): Promise<T> {
  const api = openTelemetry()
  if (api === undefined) return run({ traceparent: readable(parent), fail() {} })
  const { name, kind, attributes } = describe()
  const context = contextOf(api, parent)
  const span = api.trace
    .getTracer('tunacorn')
    .startSpan(name, { kind: kindOf(api, kind), attributes }, context)
  const fail = (error: unknown): void => {
    span.setAttribute('error.type', error instanceof Error ? error.name : 'Error')
    span.setStatus({ code: api.SpanStatusCode.ERROR, message: messageOf(error) })
  }
  const own = span.spanContext()
  const traceparent = api.isSpanContextValid(own) ? formatTraceparent(own) : undefined
  try {
    return await api.context.with(api.trace.setSpan(context, span), () => run({ traceparent, fail }))
  } catch (error) {
    fail(error)
    throw error
  } finally {
    span.end()
  }
}

let loaded: { readonly api: typeof OpenTelemetry | undefined } | undefined

/** An optional peer, so looked for when first wanted, and by itself where there is no Node. */
function openTelemetry(): typeof OpenTelemetry | undefined {
  loaded ??= { api: load() }
  return loaded.api
}

// Asked for in this way, so that the same file can be loaded by a browser, and by `require`.
function load(): typeof OpenTelemetry | undefined {
  const { process: node } = globalThis as Partial<typeof globalThis>
  try {
    const require = node?.getBuiltinModule('node:module').createRequire(import.meta.url)
    return require?.('@opentelemetry/api') as typeof OpenTelemetry | undefined
  } catch {
    return undefined
  }
}

function contextOf(api: typeof OpenTelemetry, parent: string | undefined): OpenTelemetry.Context {
  const parsed = parseTraceparent(parent)
  const active = api.context.active()
  // Of the same trace: it goes on from there already, as where requests are traced as such.
  const isOnItsWay = api.trace.getSpanContext(active)?.traceId === parsed?.traceId
  if (parsed === undefined || isOnItsWay) return active
  return api.trace.setSpanContext(active, { ...parsed, isRemote: true })
}

function kindOf(api: typeof OpenTelemetry, kind: SpanDescription['kind']): OpenTelemetry.SpanKind {
  const { PRODUCER, CONSUMER, INTERNAL } = api.SpanKind
  return { producer: PRODUCER, consumer: CONSUMER, internal: INTERNAL }[kind]
}

function readable(traceparent: string | undefined): string | undefined {
  const parsed = parseTraceparent(traceparent)
  return parsed === undefined ? undefined : formatTraceparent(parsed)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
