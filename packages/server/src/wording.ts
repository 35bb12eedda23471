/** `1 task`, `5 tasks` */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}

/** `450 ms`, `2.3 s`, `4 min`, `3 h`, `12 d` */
export function roughly(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ] as const
  for (const [length, unit] of units) if (ms >= 2 * length) return `${Math.floor(ms / length)} ${unit}`
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}

const shortLength = 60

/** As JSON, cut where it gets long; nothing for nothing. */
export function shortJson(value: unknown, length = shortLength): string {
  const text = value === undefined ? '' : printable(JSON.stringify(value))
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}

/** Without characters that do things to a terminal: others have chosen the names and values that are shown. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

/** `2026-11-24 09:30:00Z`; nothing for nothing. */
export function shortTime(timestamp = ''): string {
  return timestamp === '' ? '' : `${timestamp.slice(0, 19).replace('T', ' ')}Z`
}
