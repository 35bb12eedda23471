import type { ApiKey } from '@tunacorn/postgres'

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
  const rows = [columns.map(([title]) => title), ...keys.map((key) => columns.map(([, show]) => show(key)))]
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** `2026-11-24 14:30Z` */
function minute(at: Date | undefined): string {
  return at === undefined ? '-' : `${at.toISOString().slice(0, 16).replace('T', ' ')}Z`
}
