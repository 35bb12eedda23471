/** How many moments are remembered as text. */
const maxMoments = 256
const moments = new Map<number, string>()

/**
 * A date as it prints itself, for what comes in hundreds: they share their moments, those of one commit. Dates that print
 * themselves are two thirds of what it takes to print a claimed task.
 */
export function moment(date: Date): string {
  const ms = date.getTime()
  const known = moments.get(ms)
  if (known !== undefined) return known
  const text = date.toISOString()
  if (moments.size >= maxMoments) moments.clear()
  moments.set(ms, text)
  return text
}
