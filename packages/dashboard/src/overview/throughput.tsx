import type { Overview } from '@tunacorn/protocol'
import { countWords } from '../words.js'

const width = 360
const height = 72

const minuteMs = 60_000
const minutesShown = 60

interface ThroughputProps {
  readonly minutes: Overview['throughput']
  /** When they were counted. */
  readonly at: string
}

/** Processes that ended, minute by minute: completed ones, failed ones on top of them. */
export function Throughput({ minutes, at }: ThroughputProps) {
  const lastMinute = Math.floor(Date.parse(at) / minuteMs)
  const most = Math.max(4, ...minutes.map(({ completed, failed }) => completed + failed))
  const completed = minutes.reduce((sum, minute) => sum + minute.completed, 0)
  const failed = minutes.reduce((sum, minute) => sum + minute.failed, 0)
  const step = width / minutesShown
  const summary = `${countWords(completed, 'process', 'processes')} completed, ${failed.toLocaleString('en')} failed`
  return (
    <figure class="throughput">
      <svg
        viewBox={`0 0 ${width} ${height + 1}`}
        role="img"
        aria-label={`${summary} in the last hour`}
        preserveAspectRatio="none"
      >
        <path class="axis" d={`M0 ${height + 0.5}H${width}`} />
        {minutes.map((minute) => {
          const up = (minute.completed / most) * height
          const above = (minute.failed / most) * height
          const age = lastMinute - Math.floor(Date.parse(minute.at) / minuteMs)
          const x = (minutesShown - 1 - age) * step + 0.75
          return (
            <g key={minute.at}>
              {up > 0 && <rect class="is-completed" x={x} y={height - up} width={step - 1.5} height={up} />}
              {above > 0 && (
                <rect class="is-failed" x={x} y={height - up - above} width={step - 1.5} height={above} />
              )}
            </g>
          )
        })}
      </svg>
      <figcaption>
        <span>{summary}</span>
        <span class="faint">the last 60 minutes, at most {most.toLocaleString('en')} in one</span>
      </figcaption>
    </figure>
  )
}
