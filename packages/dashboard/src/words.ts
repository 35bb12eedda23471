const steps: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** `75_000` → `1 min 15 s`: the two greatest units, or milliseconds below a second. */
export function durationWords(ms: number): string {
  const whole = Math.max(0, Math.round(ms))
  if (whole < 1_000) return `${whole} ms`
  if (whole < 10_000) return `${(whole / 1_000).toFixed(1)} s`
  const at = steps.findIndex(([, size]) => whole >= size)
  const [unit, size] = steps[at] ?? ['s', 1_000]
  const [smallerUnit, smallerSize] = steps[at + 1] ?? ['', 0]
  const rest = smallerSize === 0 ? 0 : Math.floor((whole % size) / smallerSize)
  return `${Math.floor(whole / size)} ${unit}${rest === 0 ? '' : ` ${rest} ${smallerUnit}`}`
}

/** A moment as seen from another: `now`, `12 s ago`, `in 3 h`. The greatest unit is enough. */
export function relativeWords(atMs: number, nowMs: number): string {
  const distance = Math.abs(nowMs - atMs)
  if (distance < 1_500) return 'now'
  const [unit, size] = steps.find(([, ms]) => distance >= ms) ?? ['s', 1_000]
  const words = `${Math.floor(distance / size)} ${unit}`
  return atMs > nowMs ? `in ${words}` : `${words} ago`
}

/** `3 tasks`, `1 task`; thousands are set apart. */
export function countWords(count: number, one: string, many: string = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** At most so many characters, the middle left out: ends tell `Resize 1` from `Resize 2`. */
export function shortened(text: string, most: number): string {
  const characters = Array.from(text)
  if (characters.length <= most) return text
  const tail = Math.min(6, Math.floor(most / 3))
  return `${characters.slice(0, most - tail - 1).join('')}…${characters.slice(-tail).join('')}`
}
