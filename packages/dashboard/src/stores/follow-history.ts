import type { HistoryEvent } from '@tunacorn/protocol'
import { EventStreamReader } from '../event-stream.js'
import { apiUrl } from '../place.js'
import { authorization, client } from './session.js'

const pageSize = 1_000

/**
 * The history of a process after a version: first what is there, page by page, then what comes, as it comes. Ends when
 * the process does, or the connection.
 */
export async function* followHistory(
  id: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<readonly HistoryEvent[]> {
  let last = after
  for (;;) {
    const { items, nextAfter } = await client.value.getHistory(
      id,
      { after: last, limit: pageSize },
      { signal },
    )
    last = items.at(-1)?.version ?? last
    if (items.length > 0) yield items
    if (nextAfter === undefined) break
  }
  yield* streamHistory(id, last, signal)
}

async function* streamHistory(
  id: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<readonly HistoryEvent[]> {
  const headers = { ...authorization.value, accept: 'text/event-stream', 'last-event-id': String(after) }
  const response = await fetch(`${apiUrl}/processes/${encodeURIComponent(id)}/history`, { headers, signal })
  if (response.body === null || !response.headers.get('content-type')?.startsWith('text/event-stream')) return
  const reader = new EventStreamReader()
  const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await pieces.read()
    if (done) return
    const events = reader.read(value).map(({ data }) => JSON.parse(data) as HistoryEvent)
    const fresh = events.filter(({ version }) => version > after)
    if (fresh.length > 0) yield fresh
  }
}
