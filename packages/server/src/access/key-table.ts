import type { ApiKey } from '@tunacorn/postgres'
import { tableLines } from '../table.js'

const columns: readonly (readonly [title: string, show: (key: ApiKey) => string])[] = [
  ['NAME', ({ name }) => name],
  ['STATE', ({ state }) => state],
  ['SCOPES', ({ scopes }) => scopes.join(',')],
  ['CREATED', ({ createdAt }) => minute(createdAt)],
  ['EXPIRES', ({ expiresAt }) => minute(expiresAt)],
  ['LAST USED', ({ lastUsedAt }) => minute(lastUsedAt)],
  // What it begins with, for who finds one somewhere.
  ['KEY', ({ id }) => `tuna_${id}_…`],
]

/** Keys as lines for people, with nothing that is secret. */
export function keyTable(keys: readonly ApiKey[]): string[] {
  return tableLines(
    columns.map(([title]) => title),
    keys.map((key) => columns.map(([, show]) => show(key))),
  )
}

/** `2026-11-24 14:30Z` */
function minute(at: Date | undefined): string {
  return at === undefined ? '-' : `${at.toISOString().slice(0, 16).replace('T', ' ')}Z`
}
