import { formatDuration, maxDurationMs, parseDuration } from '@tunacorn/protocol'

/** Has the form of a duration, however many digits it has. */
const FORM =
  /^(?:\d+(?:ms|s|m|h|d)|P(?=[\dT])(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d{1,3})?S)?)?)$/
const MONTHS_OR_YEARS = /^\d+\s*(?:mo|mon|mons|months?|y|yr|yrs|years?|M|Y)$|^P[^T]*[MY]/
const WEEKS = /^(?:P?(\d{1,6})\s*w(?:ks?|eeks?)?)$/i
const ONE_AMOUNT = /^(\d+(?:[.,]\d+)?)\s*(\p{L}+)$/u
const SEVERAL_AMOUNTS = /^(?:\d+\s*(?:ms|s|m|h|d)\s*){2,}$/
const AMOUNT_AND_UNIT = /(\d+)\s*(ms|s|m|h|d)/g

/** How else people write the units. */
const UNITS = new Map(
  Object.entries({
    ms: 'ms msec msecs millis millisecond milliseconds',
    s: 's sec secs second seconds',
    m: 'm min mins minute minutes',
    h: 'h hr hrs hour hours',
    d: 'd day days',
  }).flatMap(([unit, spellings]) => spellings.split(' ').map((spelling) => [spelling, unit] as const)),
)

/** What to write instead of a value that is not a duration: a sentence or two. */
export function durationAdvice(value: unknown): string {
  if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))) {
    return adviceOnNumber(Number(value))
  }
  return typeof value === 'string' && value.length <= 100 ? adviceOnText(value) : GENERAL_ADVICE
}

const GENERAL_ADVICE =
  'Write a whole number and one of the units ms, s, m, h and d, without a space, or ISO 8601 such as PT30S.'

function adviceOnNumber(value: number): string {
  if (value < 0) return NEGATIVE
  const meant = durationOf(value * 1_000)
  return meant === undefined ? GENERAL_ADVICE : `A number needs a unit. Write "${meant}" for seconds.`
}

const NEGATIVE = 'A duration cannot be negative.'

function adviceOnText(text: string): string {
  if (FORM.test(text)) return `The longest is a hundred years: "${formatDuration(maxDurationMs)}".`
  if (/^P?T?[-−]/.test(text)) return NEGATIVE
  if (MONTHS_OR_YEARS.test(text))
    return 'Months and years are not all equally long. Write days, such as "30d".'
  const [, weeks] = WEEKS.exec(text) ?? []
  if (weeks !== undefined) return `Weeks are written as days. Write "${Number(weeks) * 7}d".`
  const meant = meantBy(text)
  if (meant !== undefined) return `Write "${meant}".`
  if (/\d[.,]\d/.test(text)) return 'Write it without a fraction, in a smaller unit: "90s", not "1.5m".'
  return GENERAL_ADVICE
}

/** The duration that a text most probably stands for. */
function meantBy(text: string): string | undefined {
  if (SEVERAL_AMOUNTS.test(text)) {
    const parts = Array.from(text.matchAll(AMOUNT_AND_UNIT), ([, amount = '', unit = '']) =>
      parseDuration(amount + unit),
    )
    return durationOf(parts.reduce<number>((sum, ms) => sum + (ms ?? Number.NaN), 0))
  }
  const upright = text.replaceAll(/\s/g, '').toUpperCase()
  if (parseDuration(upright) !== undefined) return upright
  const [, amount = '', word = ''] = ONE_AMOUNT.exec(text.trim()) ?? []
  const unit = UNITS.get(word.toLowerCase())
  if (unit === undefined) return undefined
  return durationOf(Number(amount.replace(',', '.')) * (parseDuration(`1${unit}`) ?? 0))
}

/** Nothing for what no duration can say: fractions of a millisecond, and too much. */
function durationOf(ms: number): string | undefined {
  return Number.isSafeInteger(ms) && ms >= 0 && ms <= maxDurationMs ? formatDuration(ms) : undefined
}
