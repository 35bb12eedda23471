const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const unitsMs: ReadonlyMap<string, number> = new Map(Object.entries(unitMs))

// The same as the pattern of Duration in openapi.yaml and in definition.schema.json.
const short = /^(\d{1,15})(ms|s|m|h|d)$/
const iso =
  /^P(?=[\dT])(?:(\d{1,15})D)?(?:T(?=\d)(?:(\d{1,15})H)?(?:(\d{1,15})M)?(?:(\d{1,15}(?:\.\d{1,3})?)S)?)?$/

/** Longest duration understood: one hundred years. Anything longer is a slip of the pen. */
export const maxDurationMs = 36_525 * unitMs.d

/**
 * Reads `500ms`, `30s`, `5m`, `2h`, `7d`, or ISO 8601 days to seconds (`PT30S`, `P1DT12H`; its seconds may have
 * decimals, to the millisecond). Months and years are not durations: their length depends on the calendar.
 *
 * @returns milliseconds, or `undefined` when the text is not a duration or is over a hundred years.
 */
export function parseDuration(text: string): number | undefined {
  const ms = parseShort(text) ?? parseIso(text)
  return ms === undefined || ms > maxDurationMs ? undefined : ms
}

function parseShort(text: string): number | undefined {
  const [, amount, unit = ''] = short.exec(text) ?? []
  return amount === undefined ? undefined : part(amount, unitsMs.get(unit) ?? 0)
}

function parseIso(text: string): number | undefined {
  const match = iso.exec(text)
  if (match === null) return undefined
  const [, days, hours, minutes, seconds] = match
  return part(days, unitMs.d) + part(hours, unitMs.h) + part(minutes, unitMs.m) + part(seconds, unitMs.s)
}

function part(amount: string | undefined, unit: number): number {
  return Math.round(Number(amount ?? 0) * unit)
}

/** Writes milliseconds as the shortest exact duration: `90000` → `90s`, `60000` → `1m`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms !== 0 && ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`
  }
  return `${ms}ms`
}
