import type { Process } from '@tunacorn/protocol'
import { useMemo, useRef, useState } from 'preact/hooks'
import { Empty } from '../parts/problem.js'
import { useWidth } from '../parts/use-width.js'
import { StateIcon } from '../parts/state-icon.js'
import { nowMs } from '../stores/clock.js'
import { durationWords } from '../words.js'
import { attemptName, outcomeWords } from './attempt-words.js'
import type { TaskRun } from './task-run.js'
import { begunRuns, ticksOf, timelineRows, type Bar } from './timeline.js'

const rowsAtFirst = 60
/** From one mark to the next, and what the words at one need. */
const [tickPx, wordsPx] = [80, 60]

interface TimelineProps {
  readonly process: Process
  readonly runs: readonly TaskRun[]
  readonly onOpen: (index: number) => void
}

/** A row for each task that was on the board; one bar for each attempt, the wait before it apart. */
export function TimelineView({ process, runs, onOpen }: TimelineProps) {
  const [isWhole, setWhole] = useState(false)
  const scale = useRef<HTMLDivElement>(null)
  const width = useWidth(scale)
  const fromMs = Date.parse(process.startedAt)
  const toMs = Math.max(fromMs + 1, process.endedAt === undefined ? nowMs.value : Date.parse(process.endedAt))
  const span = { fromMs, toMs }
  const begun = useMemo(() => begunRuns(runs), [runs])
  if (begun.length === 0) return <Empty>Nothing has been on the board yet.</Empty>
  const shown = timelineRows(isWhole ? begun : begun.slice(0, rowsAtFirst), span)
  return (
    <div class="timeline">
      <div class="timeline-scale" aria-hidden="true">
        <div ref={scale}>
          {ticksOf(span, Math.max(2, Math.floor(width / tickPx)))
            .map((ms) => ({ ms, share: ms / (toMs - fromMs) }))
            .filter(({ share }) => (1 - share) * width > wordsPx)
            .map(({ ms, share }) => (
              <span key={ms} style={{ left: `${share * 100}%` }}>
                {ms === 0 ? '0' : durationWords(ms).replace('.0 ', ' ')}
              </span>
            ))}
        </div>
      </div>
      <ol>
        {shown.map(({ run, bars }) => (
          <li key={run.index}>
            <button type="button" class="timeline-name" onClick={() => onOpen(run.index)}>
              <StateIcon state={run.look} />
              <span>{run.name}</span>
            </button>
            <div class="timeline-track">
              {bars.map((bar, index) => (
                <BarView key={index} bar={bar} endMs={toMs} />
              ))}
            </div>
          </li>
        ))}
      </ol>
      {begun.length > shown.length && (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          Show all {begun.length.toLocaleString('en')}
        </button>
      )}
      <ul class="legend" aria-hidden="true">
        <li class="bar-wait">waiting</li>
        <li class="bar-work is-working">working</li>
        <li class="bar-work is-completed">completed</li>
        <li class="bar-work is-will-retry">failed, not for good</li>
        <li class="bar-work is-failed">failed</li>
        <li class="bar-work is-lapsed">worker silent</li>
      </ul>
    </div>
  )
}

function BarView({ bar: { kind, outcome, attempt, left, width }, endMs }: { bar: Bar; endMs: number }) {
  const words =
    kind === 'wait' ? waitWords(attempt.scheduledAtMs, attempt.claimedAtMs ?? attempt.endedAtMs ?? endMs) : ''
  const took = durationWords((attempt.endedAtMs ?? endMs) - (attempt.claimedAtMs ?? endMs))
  const title =
    kind === 'wait'
      ? `${attemptName(attempt)}: ${words}`
      : `${attemptName(attempt)}: ${outcomeWords[outcome]}, ${took}${attempt.worker === undefined ? '' : `, ${attempt.worker}`}`
  return (
    <span
      class={`bar bar-${kind} is-${outcome}`}
      style={{ left: `${left}%`, width: `${width}%` }}
      title={title}
      role="img"
      aria-label={title}
    />
  )
}

function waitWords(fromMs: number | undefined, toMs: number): string {
  return `waited ${durationWords(toMs - (fromMs ?? toMs))}`
}
