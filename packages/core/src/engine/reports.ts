import type { ErrorCode } from '@tunacorn/protocol'
import type { BoardTask, TaskList } from '../lists/task-list.js'
import type { LapsedAttempt } from '../lists/board.js'
import type { HistoryEvent, ProcessList } from '../lists/process-list.js'
import type { CompleteTask, FailTask } from '../process/commands.js'
import type { Claim } from '../process/events.js'
import type { Lanes } from './lanes.js'
import type { Refusal } from './refusal.js'
import type { Outcome } from './work.js'
import { Payload } from '../payload.js'
import { formatTaskId } from './ids.js'

/** A worker's word on a task that it holds. */
export interface Report {
  readonly type: (CompleteTask | FailTask)['type']
  readonly processId: string
  readonly task: number
  readonly claim: Claim
  readonly payload: Payload | undefined
  /** For a failure: `false` when no attempt will do better, or milliseconds until the next. */
  readonly retry?: false | number | undefined
}

/** What became of it: the version of its process that it made, or why it was refused. */
export type ReportResult =
  | {
      readonly version: number
      /** For a failure that another attempt follows: `retrying`. */
      readonly state: 'completed' | 'failed' | 'retrying'
      readonly refusal?: undefined
    }
  | { readonly refusal: Refusal; readonly version?: undefined }

/** What a report is refused with that has come through before, and whose answer was lost. */
const mayHaveComeThrough: ReadonlySet<ErrorCode> = new Set(['claim-lost', 'task-ended', 'process-ended'])

/** How many late reports are remembered, so that one sent again and again is looked for in the history once. */
const maxRemembered = 10_000

/**
 * Takes reports to their lanes. A report whose answer was lost may be sent again: its claim is found in the event
 * that it made, and it gets the same answer. One whose attempt had been given up is refused, and kept as evidence.
 */
export class Reports {
  readonly #lanes: Lanes
  readonly #processList: ProcessList
  readonly #taskList: TaskList
  readonly #late = new Set<string>()

  constructor(lanes: Lanes, processList: ProcessList, taskList: TaskList) {
    this.#lanes = lanes
    this.#processList = processList
    this.#taskList = taskList
  }

  async commit(report: Report): Promise<ReportResult> {
    const { type, processId, task, claim, payload, retry } = report
    const command =
      type === 'complete-task'
        ? ({ type, task, claim, payload } as const)
        : ({ type, task, claim, payload, retry, ...(await this.#circumstances(report)) } as const)
    const outcome = await this.#lanes.submit(processId, { kind: 'command', command })
    return outcome.status === 'done' ? committed(outcome) : this.#refuse(report, outcome)
  }

  /** What the rules for another attempt want to know, and only the board and chance can say. */
  async #circumstances(report: Report): Promise<Pick<FailTask, 'elapsedMs' | 'random'>> {
    const random = Math.random()
    const row = report.retry === false ? undefined : await this.#rowOf(report)
    if (row?.firstClaimedAt === undefined) return { random }
    return { random, elapsedMs: row.readAt.getTime() - row.firstClaimedAt.getTime() }
  }

  /** Unless it has come through before. */
  async #refuse(report: Report, outcome: Exclude<Outcome, Done>): Promise<ReportResult> {
    const rejection = outcome.status === 'rejected' ? outcome.rejection : claimLost(report)
    if (!mayHaveComeThrough.has(rejection.code)) return { refusal: rejection }

    const endedIn = outcome.status === 'rejected' && outcome.endedIn !== 0 ? outcome.endedIn : undefined
    const made = await this.#ending(report, endedIn)
    const before = isSame(report, made) ? made : await this.#processList.findReport(report)
    if (isSame(report, before)) return { version: before.version, state: stateOf[before.type] ?? 'completed' }
    if (rejection.code !== 'process-ended') await this.#keepLateReport(report)
    return { refusal: rejection }
  }

  async #ending({ processId }: Report, version: number | undefined): Promise<HistoryEvent | undefined> {
    if (version === undefined) return undefined
    const [event] = await this.#processList.events([{ id: processId, version }])
    return event
  }

  async #rowOf({ processId, task }: Report): Promise<BoardTask | undefined> {
    const [row] = await this.#taskList.fetch({ processId, after: { processId, task: task - 1 }, limit: 1 })
    return row?.task === task ? row : undefined
  }

  /** Only where the secret proves that it was once held: anybody can make up a claim. */
  async #keepLateReport(report: Report): Promise<void> {
    const { processId, task, claim, type, payload } = report
    // Tasks that were handed out together have one secret.
    const late = `${formatTaskId(report)} ${claim.secret}`
    if (this.#late.has(late)) return
    const attempt = await this.#givenUp(report)
    if (attempt === undefined || this.#late.has(late)) return

    const { worker, claimedAt, leaseExpiredAt, timedOut } = attempt
    const said = type === 'complete-task' ? 'completed' : 'failed'
    const shown = {
      attempt: claim.attempt,
      worker,
      claimedAt,
      leaseExpiredAt,
      timedOut,
      said,
      value: payload,
    }
    const evidence = evidenceOf(shown)
    if (this.#late.size >= maxRemembered) this.#late.clear()
    this.#late.add(late)
    const command = { type: 'refuse-report', task, payload: evidence, claim } as const
    try {
      await this.#lanes.submit(processId, { kind: 'command', command })
    } catch (error) {
      this.#late.delete(late)
      throw error
    }
  }

  /** The attempt of a late report, unless another replica has kept that report already. */
  async #givenUp(report: Report): Promise<GivenUp | undefined> {
    const onBoard = (await this.#rowOf(report))?.lapsed.find((one) => isBy(report, one))
    const traces = await this.#processList.findTraces(report)
    if (traces.some(({ type }) => type === 'report-refused')) return undefined
    return onBoard ?? traces.map((event) => givenUpIn(report, event)).find((one) => one !== undefined)
  }
}

type Done = Extract<Outcome, { status: 'done' }>

type GivenUp = Pick<LapsedAttempt, 'worker' | 'claimedAt' | 'leaseExpiredAt' | 'timedOut'>

/**
 * The attempt of this report as an event knows it: it had lapsed before the one that reported; it was left without an
 * end when the process ended; or the timekeeper has given it up.
 */
function givenUpIn(report: Report, event: HistoryEvent): GivenUp | undefined {
  const lapsed = event.task === report.task ? event.lapsed.find((one) => isBy(report, one)) : undefined
  if (lapsed !== undefined) return lapsed
  const { at: givenUpAt, worker, claimedAt, reason } = event
  const left = event.unfinished.find((one) => one.task === report.task && isBy(report, one))
  if (left !== undefined) return { ...left, leaseExpiredAt: left.leaseExpiredAt ?? givenUpAt }
  const isGivenUp = reason !== undefined && reason !== 'reported'
  if (!isGivenUp || worker === undefined || claimedAt === undefined) return undefined
  const givenUp = { worker, claimedAt, leaseExpiredAt: givenUpAt }
  return reason === 'timed-out' ? { ...givenUp, timedOut: true } : givenUp
}

/** Without what was reported where that is nested so deeply that it cannot be part of anything. */
function evidenceOf({ value, ...shown }: { readonly value: unknown }): Payload | undefined {
  try {
    return Payload.from({ ...shown, value }, Number.MAX_SAFE_INTEGER)
  } catch {
    return Payload.from(shown, Number.MAX_SAFE_INTEGER)
  }
}

function isBy({ claim }: Report, { attempt, secret }: Claim): boolean {
  return attempt === claim.attempt && secret === claim.secret
}

const eventsOf = {
  'complete-task': ['task-completed'],
  'fail-task': ['task-failed', 'attempt-failed'],
} as const

const stateOf: Partial<Record<HistoryEvent['type'], 'completed' | 'failed' | 'retrying'>> = {
  'task-completed': 'completed',
  'task-failed': 'failed',
  'attempt-failed': 'retrying',
}

function committed({ version, made = 'task-completed' }: Done): ReportResult {
  return { version, state: stateOf[made] ?? 'completed' }
}

/** Whether this event is what this very report has made. */
function isSame(report: Report, event: HistoryEvent | undefined): event is HistoryEvent {
  const types: readonly string[] = eventsOf[report.type]
  return (
    event !== undefined &&
    types.includes(event.type) &&
    (event.reason === undefined || event.reason === 'reported') &&
    event.task === report.task &&
    event.claim?.attempt === report.claim.attempt &&
    event.claim.secret === report.claim.secret &&
    event.payload?.text === report.payload?.text
  )
}

function claimLost(report: Report): Refusal {
  return { code: 'claim-lost', detail: `Task ${formatTaskId(report)} is not held by this claim.` }
}
