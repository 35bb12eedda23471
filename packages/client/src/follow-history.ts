import type { HistoryEvent } from '@tunacorn/protocol'
import { backoffMs, pause } from './backoff.js'
import { TunaCornConnectionError, TunaCornHttpError } from './errors.js'
import { refusal, type Connection } from './http.js'
import { readServerSentEvents } from './server-sent-events.js'

export interface FollowOptions {
  /** Only events after this version; all when absent. */
  readonly after?: number
  /** Aborting it ends the stream, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Told once each time when the server cannot be reached, or is lost: it is asked again for as long as it takes. */
  readonly onAway?: (error: unknown) => void
}

/** The server says something every 15 seconds at least: silent for three times as long, it is gone. */
const silentMs = 45_000

const eventStream = 'text/event-stream'

const limits = { baseMs: 500, maxMs: 10_000 }

/**
 * The events of a process as they happen, each once and in order, until it has ended. A connection that is lost, or
 * cannot be had, is made anew for as long as it takes.
 *
 * @throws TunaCornHttpError when the server refuses for good
 * @throws TunaCornConnectionError when something else than TunaCorn answers
 */
export async function* followHistory(
  connection: Connection,
  processId: string,
  { after = 0, signal, onAway }: FollowOptions,
): AsyncGenerator<HistoryEvent> {
  let seen = after
  let isAway = false
  for (let attempts = 1; ; attempts += 1) {
    const controller = new AbortController()
    const giveUp = () => controller.abort(signal?.reason)
    signal?.addEventListener('abort', giveUp)
    try {
      signal?.throwIfAborted()
      for await (const event of oneStream(connection, processId, seen, controller)) {
        if (event === undefined) return
        yield event
        seen = event.version
        attempts = 0
        isAway = false
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof TunaCornHttpError && !error.isNotNow) throw error
      if (error instanceof TunaCornConnectionError) throw error
      if (!isAway) onAway?.(error)
      isAway = true
    } finally {
      signal?.removeEventListener('abort', giveUp)
      controller.abort()
    }
    // A stream that has come to its end is asked for once more: only the server knows whether anything is to come.
    if (attempts > 0) await pause(backoffMs(attempts, limits), signal)
  }
}

/** The events of one connection; `undefined` when the server says that no more are to come. */
async function* oneStream(
  { url: base, headers, fetch }: Connection,
  processId: string,
  seen: number,
  controller: AbortController,
): AsyncGenerator<HistoryEvent | undefined> {
  const url = `${base}/processes/${encodeURIComponent(processId)}/history`
  const asked = { accept: eventStream, ...headers, 'last-event-id': String(seen) }
  let timer = setTimeout(() => controller.abort(), silentMs)
  try {
    const { signal } = controller
    const response = await fetch(url, { headers: asked, redirect: 'manual', signal })
    const header = (name: string) => response.headers.get(name) ?? undefined
    if (response.status === 204) yield undefined
    else if (response.status !== 200) {
      throw refusal(`GET ${url}`, { status: response.status, header, text: await response.text() })
    } else if (response.body === null || header('content-type')?.startsWith(eventStream) !== true) {
      const message = `Expected a stream of events from ${url}, but got something else: is the base URL right?`
      throw new TunaCornConnectionError('not-tunacorn', url, message)
    } else {
      const onSign = () => {
        clearTimeout(timer)
        timer = setTimeout(() => controller.abort(), silentMs)
      }
      for await (const data of readServerSentEvents(response.body, onSign)) {
        yield JSON.parse(data) as HistoryEvent
      }
    }
  } finally {
    clearTimeout(timer)
  }
}
