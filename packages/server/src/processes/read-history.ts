import type { TunaCornClient } from '@tunacorn/client'
import type { HistoryEvent } from '@tunacorn/protocol'

/** The events of a process that there are now, after a version. */
export async function* readHistory(
  client: TunaCornClient,
  id: string,
  after: number,
): AsyncGenerator<HistoryEvent> {
  for (let next: number | undefined = after; next !== undefined;) {
    const page = await client.getHistory(id, { after: next, limit: 1_000 })
    yield* page.items
    next = page.nextAfter
  }
}
