import type { Command } from 'commander'
import { note } from '../output.js'
import { wholeNumber } from './values.js'

/** How much of a list is shown. */
export interface PagingFlags {
  readonly limit: number
  readonly cursor?: string
  readonly all?: true
}

interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextCursor?: string
}

/** How many are asked for at a time, where all are wanted. */
const pageSize = 500

export function withPaging(command: Command): Command {
  return command
    .option('--limit <number>', 'how many at most', wholeNumber(1, 1_000), 50)
    .option('--cursor <cursor>', 'go on behind the page that gave this cursor')
    .option('--all', 'all there are, whatever the limit')
}

/** Gives the pages that the flags ask for, and in the end says whether there are more. */
export async function* pagesOf<Item>(
  { limit, cursor, all }: PagingFlags,
  fetch: (query: { limit: number; cursor?: string }) => Promise<Page<Item>>,
): AsyncGenerator<readonly Item[]> {
  const size = all === true ? pageSize : limit
  for (let next = cursor; ;) {
    const { items, nextCursor } = await fetch({ limit: size, ...(next !== undefined && { cursor: next }) })
    yield items
    if (nextCursor === undefined) return
    if (all !== true)
      return note(`There are more: --cursor ${nextCursor} goes on from here, --all shows all.`)
    next = nextCursor
  }
}
