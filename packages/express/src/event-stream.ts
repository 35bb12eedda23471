import type { HistoryPage } from '@tunacorn/core'
import type { Answer } from './operation.js'
import { presentEvent } from './present.js'

// A history as server-sent events. The version of an event is its id: who comes back with it misses nothing.

export const eventStreamType = 'text/event-stream'

/** How long a browser waits before it comes back. */
const retryMs = 1_000

/** @param refuseUnlessAllowed is asked before anything is sent: it throws when no more shall be. */
export function eventStream(
  processId: string,
  pages: AsyncIterable<HistoryPage>,
  refuseUnlessAllowed: () => Promise<void>,
): Answer {
  return { status: 200, stream: written(processId, pages, refuseUnlessAllowed), contentType: eventStreamType }
}

async function* written(
  processId: string,
  pages: AsyncIterable<HistoryPage>,
  refuseUnlessAllowed: () => Promise<void>,
): AsyncGenerator<string> {
  yield `retry: ${retryMs}\n\n`
  for await (const { items, record } of pages) {
    await refuseUnlessAllowed()
    // Something has to be sent now and then, or what is in between takes the connection for dead.
    if (items.length === 0) yield ': nothing new\n\n'
    for (const event of items) {
      const shown = JSON.stringify(presentEvent(processId, event, record.input))
      yield `id: ${event.version}\nevent: ${event.type}\ndata: ${shown}\n\n`
    }
  }
}
