import type { HistoryEvent } from '@tunacorn/protocol'
import { useState } from 'preact/hooks'
import { StateIcon, type Shown } from '../parts/state-icon.js'
import { ErrorView } from '../parts/error-view.js'
import { JsonView } from '../parts/json-view.js'
import { ExactTime, Time } from '../parts/time.js'
import { nowMs } from '../stores/clock.js'
import { causeWords } from './cause-words.js'
import { isRetryPromised } from './next-try.js'

const rowsAtFirst = 100

const words: Record<HistoryEvent['type'], readonly [Shown, string]> = {
  'process-started': ['running', 'Started'],
  'task-completed': ['completed', 'completed'],
  'attempt-failed': ['retrying', 'failed'],
  'task-failed': ['failed', 'failed for good'],
  'report-refused': ['lapsed', 'was reported too late: refused'],
  'process-paused': ['paused', 'Paused'],
  'process-resumed': ['running', 'Resumed'],
  'process-timed-out': ['failed', 'Time was up'],
  'process-cancelled': ['cancelled', 'Cancelled'],
  'process-retried': ['retrying', 'Retried'],
}

interface HistoryProps {
  readonly events: readonly HistoryEvent[]
  /** Whether the process has ended. */
  readonly isEnded: boolean
  /** Whether what happens is shown as it happens. */
  readonly isLive: boolean
}

/** Everything that has happened, newest first. */
export function HistoryList({ events, isEnded, isLive }: HistoryProps) {
  const [shown, setShown] = useState(rowsAtFirst)
  const newest = events.slice(-shown).toReversed()
  return (
    <>
      {isLive && (
        <p class="live">
          <span class="live-dot" aria-hidden="true" /> Live
        </p>
      )}
      <ol class="history">
        {newest.map((event) => (
          <EventView
            key={event.version}
            event={event}
            // Only who waits for something looks at the clock.
            isRetryPromised={
              event.retryAt !== undefined &&
              !isEnded &&
              isRetryPromised(event, { isEnded, events, nowMs: nowMs.value })
            }
          />
        ))}
      </ol>
      {events.length > shown && (
        <button type="button" class="quiet" onClick={() => setShown(shown + 10 * rowsAtFirst)}>
          Show older ones of {events.length.toLocaleString('en')}
        </button>
      )}
    </>
  )
}

interface EventProps {
  readonly event: HistoryEvent
  readonly isRetryPromised: boolean
}

function EventView({ event, isRetryPromised: isPromised }: EventProps) {
  const { version, type, at, name, attempt, worker, cause, by, reason, retryAt } = event
  const [state, text] = words[type] ?? (['lapsed', type] as const)
  const details = [
    attempt !== undefined && attempt > 1 && `attempt ${attempt}`,
    worker,
    cause !== undefined && cause !== 'reported' && causeWords[cause],
    by !== undefined && `by ${by}`,
    reason,
  ].filter((detail) => typeof detail === 'string')
  const value = [event.output, event.error, event.input, event.lateReport].find((one) => one !== undefined)
  return (
    <li>
      <span class="history-time">
        <ExactTime at={at} />
      </span>
      <StateIcon state={state} />
      <div>
        <p>
          {name !== undefined && <b>{name} </b>}
          {text}
          {details.length > 0 && <span class="faint"> · {details.join(' · ')}</span>}
          {retryAt !== undefined && isPromised && (
            <span class="faint">
              {' '}
              · next try <Time at={retryAt} />
            </span>
          )}
        </p>
        {value !== undefined && (
          <details>
            <summary>{summaryOf(event)}</summary>
            {event.error !== undefined ? (
              <ErrorView error={event.error} label={`Error of event ${version}`} />
            ) : (
              <JsonView value={value} label={`${summaryOf(event)} of event ${version}`} />
            )}
          </details>
        )}
      </div>
      <span class="history-version number faint" title="Version of the process">
        {version}
      </span>
    </li>
  )
}

function summaryOf({ output, error, input }: HistoryEvent): string {
  if (output !== undefined) return 'Output'
  if (error !== undefined) return 'Error'
  return input === undefined ? 'Report' : 'Input'
}
