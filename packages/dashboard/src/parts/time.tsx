import { nowMs } from '../stores/clock.js'
import { durationWords, relativeWords } from '../words.js'

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** A moment: how far away in words, when exactly on hovering and for programs. */
export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={absolute.format(new Date(at))}>
      {relativeWords(Date.parse(at), nowMs.value)}
    </time>
  )
}

/** A moment to the millisecond, for histories. */
export function ExactTime({ at }: { at: string }) {
  const date = new Date(at)
  const clock = date.toLocaleTimeString('en-GB', { hour12: false })
  return (
    <time dateTime={at} title={`${absolute.format(date)}, ${relativeWords(date.getTime(), nowMs.value)}`}>
      {clock}.{String(date.getMilliseconds()).padStart(3, '0')}
    </time>
  )
}

/** How long from one moment to another, or until now. */
export function Duration({ from, to }: { from: string; to?: string | undefined }) {
  return (
    <span class="number">
      {durationWords((to === undefined ? nowMs.value : Date.parse(to)) - Date.parse(from))}
    </span>
  )
}
