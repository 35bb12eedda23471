import type { HistoryEvent } from '@tunacorn/protocol'
import type { Paint } from '../terminal.js'
import { printable, roughly, shortJson, shortTime } from '../wording.js'

/** What happened, in a line. */
export function eventText(event: HistoryEvent, paint: Paint): string {
  const { type, attempt = 1, worker, input, output, error, cause, retryAt } = event
  const name = printable(event.name ?? '')
  switch (type) {
    case 'process-started':
      return joined('started', shortJson(input))
    case 'task-completed':
      return joined(`${paint.green('✓')} ${name}`, took(event), by(worker), shortJson(output))
    case 'task-failed':
      return joined(`${paint.red('✗')} ${name} failed`, because(cause), by(worker), shortJson(error))
    case 'attempt-failed':
      return joined(
        `${paint.red('✗')} ${name}, attempt ${attempt}`,
        because(cause),
        by(worker),
        shortJson(error),
        retryAt && `another from ${shortTime(retryAt)} on`,
      )
    case 'report-refused':
      return joined(
        `${name}: too late, attempt ${event.lateReport?.attempt ?? attempt} was reported ${event.lateReport?.said ?? ''}`,
        by(event.lateReport?.worker),
      )
    case 'process-paused':
      return joined('paused', ...grounds(event))
    case 'process-resumed':
      return joined('resumed', ...grounds(event))
    case 'process-timed-out':
      return 'failed: its time was up'
    case 'process-cancelled':
      return joined('cancelled', ...grounds(event))
    case 'process-retried':
      return joined('retried', ...grounds(event))
  }
}

function took({ claimedAt, at }: HistoryEvent): string | undefined {
  return claimedAt && roughly(Date.parse(at) - Date.parse(claimedAt))
}

function by(who: string | undefined): string | undefined {
  return who && `by ${printable(who)}`
}

/** What a worker has reported speaks for itself. */
function because(cause: HistoryEvent['cause']): string | undefined {
  switch (cause) {
    case 'lapsed':
      return 'its worker went silent'
    case 'timed-out':
      return 'it took too long'
    case 'not-claimed':
      return 'nobody claimed it in time'
    case 'reported':
    case undefined:
      return undefined
  }
}

function grounds(event: HistoryEvent): (string | undefined)[] {
  return [by(event.by), event.reason && printable(event.reason)]
}

function joined(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('  ')
}
