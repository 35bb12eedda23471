import type { ErrorCode } from '@tunacorn/protocol'
import type { ProcessList } from '../lists/process-list.js'
import type { Payload } from '../payload.js'
import type { EndTask } from '../process/commands.js'
import type { Claim } from '../process/events.js'
import type { Lanes } from './lanes.js'
import type { Refusal } from './refusal.js'
import type { Outcome } from './work.js'
import { formatTaskId } from './ids.js'

/** A worker's word on a task that it holds. */
export interface Report {
  readonly type: EndTask['type']
  readonly processId: string
  readonly task: number
  readonly claim: Claim
  readonly payload: Payload | undefined
}

/** What became of it: the version of its process that it made, or why it was refused. */
export type ReportResult =
  | { readonly version: number; readonly refusal?: undefined }
  | { readonly refusal: Refusal; readonly version?: undefined }

/**
 * Takes reports to their lanes. A report whose answer was lost may be sent again: its claim is found in the event
 * that ended the task, and it gets the same answer.
 */
export class Reports {
  readonly #lanes: Lanes
  readonly #processList: ProcessList

  constructor(lanes: Lanes, processList: ProcessList) {
    this.#lanes = lanes
    this.#processList = processList
  }

  async commit(report: Report): Promise<ReportResult> {
    const { type, processId, task, claim, payload } = report
    const outcome = await this.#lanes.submit(processId, {
      kind: 'command',
      command: { type, task, claim, payload },
    })
    return this.#answer(report, outcome)
  }

  async #answer(report: Report, outcome: Outcome): Promise<ReportResult> {
    switch (outcome.status) {
      case 'done':
        return { version: outcome.version }
      case 'claim-lost':
        return refuse('claim-lost', report, 'is not held by this claim')
      case 'rejected': {
        const { rejection, endedIn } = outcome
        if (rejection.code !== 'task-ended' || endedIn === undefined) return { refusal: rejection }
        return (await this.#isRepeated(report, endedIn)) ? { version: endedIn } : { refusal: rejection }
      }
    }
  }

  async #isRepeated(report: Report, endedIn: number): Promise<boolean> {
    const [event] = await this.#processList.events([{ id: report.processId, version: endedIn }])
    return (
      event?.type === eventOf[report.type] &&
      event.task === report.task &&
      event.claim?.attempt === report.claim.attempt &&
      event.claim.secret === report.claim.secret &&
      event.payload?.text === report.payload?.text
    )
  }
}

const eventOf = { 'complete-task': 'task-completed', 'fail-task': 'task-failed' } as const

function refuse(code: ErrorCode, report: Report, what: string): ReportResult {
  return { refusal: { code, detail: `Task ${formatTaskId(report)} ${what}.` } }
}
