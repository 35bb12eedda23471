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

const stamp = /(\d{4}-\d\d-\d\dT[\d:.]+Z)/

/** A sentence of the API's, in which moments are said as people say them. */
export function TimedText({ text }: { text: string }) {
  return (
    <>
      {text.split(stamp).map((part, index) => (index % 2 === 0 ? part : <ClockTime key={index} at={part} />))}
    </>
  )
}

/** What the clock shows then, and how far away that is. */
function ClockTime({ at }: { at: string }) {
  const date = new Date(at)
  const isToday = date.toDateString() === new Date(nowMs.value).toDateString()
  const words = isToday ? date.toLocaleTimeString('en-GB') : absolute.format(date)
  return (
    <time dateTime={at} title={absolute.format(date)}>
      {words} ({relativeWords(date.getTime(), nowMs.value)})
    </time>
  )
}
