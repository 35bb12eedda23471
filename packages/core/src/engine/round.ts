import { setImmediate as nextTurn } from 'node:timers/promises'
import type {
  FetchedProcess,
  PersistResult,
  ProcessChange,
  ProcessList,
  ProcessRecord,
} from '../lists/process-list.js'
import type { HandedOut } from '../lists/task-list.js'
import type { ClaimAlong } from './joint-claims.js'
import type { KnownDefinition, KnownDefinitions } from './known-definitions.js'
import type { Outputs } from './outputs.js'
import type { ProcessCache, ProcessCopy } from './process-cache.js'
import type { Logger } from './logger.js'
import type { Observer } from './observer.js'
import type { Waiter } from './waiter.js'
import type { WantedTask } from './waiting-line.js'
import type { Errand, StartPlan } from './work.js'
import { TunaCornError } from '../errors.js'
import { isLive } from '../process/state.js'
import { announce } from './announce.js'
import { settleGifts, withGifts } from './gifts.js'
import { planChange, planStart, settledCopy, type PlannedChange } from './plan-change.js'
import { failureProcessOf, planFailureProcess } from './plan-failure-process.js'
import { advance, type ProcessCopies, type CurrentCopies, type ErrandGroups } from './process-copies.js'
import { checkInput, findKeyTaken, findStarted, noDefinition } from './start-rules.js'

/** How many errands go into one round at most: beyond a few hundred, statements only get longer, not cheaper. */
export const maxErrands = 250

/** For so long a round may hold up everything else, apart from what takes longer by itself. */
const maxHeldUpMs = 10

/** Errands that this round could not settle, and why: they are to be tried again. Of a process, all together. */
export interface Leftover {
  readonly processId: string
  readonly errands: readonly Errand[]
  /**
   * `moved`: somebody else was quicker. `stale`: only an up-to-date copy may reject.
   * `in-flight`: another start with its key is not committed yet.
   * `poisoned`: the store refused the whole commit because of one of them.
   */
  readonly reason: 'moved' | 'stale' | 'in-flight' | 'poisoned'
}

/** Tasks that have come onto the board, or can be claimed from now on. */
export interface EnteredTasks {
  readonly processId: string
  readonly definition: string
  readonly names: readonly string[]
  /** From when on they can be claimed; from now on when absent. */
  readonly inMs?: number
}

export interface RoundParts {
  readonly processList: ProcessList
  readonly definitions: KnownDefinitions
  readonly copies: ProcessCopies
  readonly cache: ProcessCache
  readonly outputs: Outputs
  readonly maxPayloadBytes: number
  readonly logger: Logger
  readonly observer: Observer | undefined
  /** Who is to have a task that is about to come onto the board; told in the end what became of it. */
  readonly reserve: (task: WantedTask) => Waiter | undefined
  /** Claims that a commit can do along with it. */
  readonly takeAlong: () => ClaimAlong | undefined
  /** What has come onto the board and is nobody's yet. */
  readonly onEntered: (entered: readonly EnteredTasks[]) => void
  /** Processes as they are now. */
  readonly onChanged: (records: readonly ProcessRecord[]) => void
}

/**
 * What one commit is about: errands grouped by process → copies → decided → one `persist` → answered.
 * Nobody is answered before the commit, and nobody is rejected from a copy that may be behind.
 */
export class Round {
  readonly #parts: RoundParts

  constructor(parts: RoundParts) {
    this.#parts = parts
  }

  /**
   * @param options.fresh read what is new in the history even where there is a copy.
   * @returns what is to be tried again.
   */
  async run(groups: ErrandGroups, options: { readonly fresh: boolean }): Promise<Leftover[]> {
    try {
      const current = await this.#parts.copies.bringUpToDate(groups, options.fresh)
      const planned = await this.#plan(groups, current, options.fresh)
      return [...this.#settleUnchanged(planned, current), ...(await this.#commit(planned, current))]
    } catch (error) {
      // Nothing was sent to be committed: no answer is a false one.
      for (const [processId, errands] of groups) this.#refuse(processId, errands, error)
      return []
    }
  }

  /** For one process that is moved by others again and again: waits for it, holds it, decides, commits. */
  async runHolding(processId: string, errands: readonly Errand[]): Promise<Leftover[]> {
    const groups = new Map([[processId, errands]])
    try {
      const { copies } = await this.#parts.copies.bringUpToDate(groups, true)
      const copy = copies.get(processId)
      // It does not exist, or does not exist yet: there is nothing to hold.
      if (copy === undefined) return await this.run(groups, { fresh: true })

      const current = { copies, upToDate: new Set([processId]) }
      const open = await this.#settleKeysTaken(copy, errands)
      const planned: PlannedChange[] = []
      const begin = performance.now()
      const decide = (fetched: FetchedProcess | undefined): ProcessChange | undefined => {
        if (fetched === undefined) return undefined
        const plan = this.#planOne(advance(copy, fetched), open)
        planned.push(plan)
        return hasEvents(plan) && failureProcessOf(plan) === undefined ? plan.change : undefined
      }
      const read = { id: processId, afterVersion: copy.state.version }
      const result = await this.#parts.processList.persistHeld(read, decide).catch((error: unknown) => {
        this.#tellOfCommit(planned, undefined, begin)
        throw error
      })
      const [plan] = planned
      // It was destroyed in between.
      if (plan === undefined) return leftover(processId, open, 'stale')
      if (result !== undefined) {
        this.#tellOfCommit(planned, [result], begin)
        return this.#settleHeld(plan, result, current)
      }
      if (failureProcessOf(plan) === undefined) return this.#settleUnchanged(planned, current)
      // What cleans up after it has to be read from the store, for which nothing may be held.
      this.#parts.cache.drop(processId)
      return await this.run(new Map([[processId, open]]), { fresh: true })
    } catch (error) {
      this.#refuse(processId, errands, error)
      return []
    }
  }

  async #plan(groups: ErrandGroups, { copies }: CurrentCopies, again: boolean): Promise<PlannedChange[]> {
    const planned: PlannedChange[] = []
    const starts: Errand[] = []
    for (const [id, errands] of groups) {
      const copy = copies.get(id)
      if (copy !== undefined) {
        planned.push(this.#planOne(copy, again ? await this.#settleKeysTaken(copy, errands) : errands))
      } else if (errands[0]?.work.kind === 'start') starts.push(...errands)
      else for (const { settle } of errands) settle(notFound(id))
    }
    let since = performance.now()
    for (const errand of starts) {
      // Checking inputs may take long: others have their turn in between.
      if (performance.now() - since > maxHeldUpMs) {
        await nextTurn()
        since = performance.now()
      }
      const start = await this.#planStart(errand, again)
      if (start !== undefined) planned.push(start)
    }
    return Promise.all(planned.map((plan) => planFailureProcess(plan, this.#parts)))
  }

  /** @param again it has been refused before: perhaps because it has been done before. */
  async #planStart(errand: Errand, again: boolean): Promise<PlannedChange | undefined> {
    const { work, settle } = errand
    if (work.kind !== 'start') return undefined
    const known = await this.#definitionFor(work.start)
    const rejection = known === undefined ? noDefinition(work.start) : checkInput(known, work.start)
    // What was accepted once is not refused when it is sent again, whatever the definition wants by now.
    const isUnsure = again || (rejection !== undefined && work.start.once !== undefined)
    const before = isUnsure ? await findStarted(work.start, this.#parts.processList) : undefined
    if (before !== undefined) settle(before)
    else if (rejection !== undefined) settle({ status: 'rejected', rejection })
    else if (known !== undefined) return planStart(errand, work.start, known)
    return undefined
  }

  /** A process that is retried wants its key back, which may be another's by now. Answers what is still open. */
  async #settleKeysTaken({ record }: ProcessCopy, errands: readonly Errand[]): Promise<readonly Errand[]> {
    const { definition, key } = record
    const [retries, others] = partition(errands, ({ work }) => {
      return work.kind === 'command' && work.command.type === 'retry'
    })
    if (key === undefined || retries.length === 0 || record.state !== 'failed') return errands
    const taken = await findKeyTaken(definition, key, this.#parts.processList)
    if (taken === undefined) return errands
    for (const { settle } of retries) settle(taken)
    return others
  }

  #planOne(copy: ProcessCopy, errands: readonly Errand[]): PlannedChange {
    // Before anything is decided: those who look see nothing uncommitted.
    for (const { work, settle, refuse } of errands) {
      if (work.kind !== 'look') continue
      try {
        work.look(copy)
        settle({ status: 'done', version: copy.state.version, record: copy.record })
      } catch (error) {
        refuse(error)
      }
    }
    return planChange(copy, errands)
  }

  async #definitionFor({ definition, version }: StartPlan): Promise<KnownDefinition | undefined> {
    const { definitions } = this.#parts
    return version === undefined ? definitions.default(definition) : definitions.version(definition, version)
  }

  async #commit(planned: readonly PlannedChange[], current: CurrentCopies): Promise<Leftover[]> {
    const moving = planned.filter(hasEvents).map((plan) => withGifts(plan, this.#parts.reserve))
    if (moving.length === 0) return []
    const begin = performance.now()
    let results: readonly PersistResult[]
    try {
      results = await this.#persist(moving.map(({ change }) => change))
    } catch (error) {
      this.#tellOfCommit(moving, undefined, begin)
      for (const plan of moving) settleGifts(plan, undefined)
      return this.#afterFailedCommit(moving, error)
    }
    this.#tellOfCommit(moving, results, begin)
    return this.#settle(moving, results, current)
  }

  /** A commit that only starts processes has nothing to do with claims. */
  async #persist(changes: readonly ProcessChange[]): Promise<readonly PersistResult[]> {
    const { processList, takeAlong } = this.#parts
    const claim = changes.some(({ started }) => started === undefined) ? takeAlong() : undefined
    if (claim === undefined) return processList.persist(changes)
    let handedOut: HandedOut | undefined
    try {
      const answer = await processList.persistClaiming(changes, claim)
      handedOut = answer.handedOut
      return answer.results
    } finally {
      claim.settle(handedOut)
    }
  }

  /** @param results nothing when the commit has failed. */
  #tellOfCommit(
    planned: readonly PlannedChange[],
    results: readonly PersistResult[] | undefined,
    begin: number,
  ): void {
    const { observer } = this.#parts
    if (observer === undefined) return
    let conflicts = 0
    let handedOver = 0
    for (const [index, { gifts }] of planned.entries()) {
      const status = results?.[index]?.status
      if (status === 'moved') conflicts += 1
      else if (status === 'committed') handedOver += gifts.length
    }
    const tookMs = performance.now() - begin
    const hasFailed = results === undefined
    observer.committed({ processes: planned.length, conflicts, handedOver, tookMs, hasFailed })
  }

  #settle(
    planned: readonly PlannedChange[],
    results: readonly PersistResult[],
    current: CurrentCopies,
  ): Leftover[] {
    const entered: EnteredTasks[] = []
    const changed: ProcessRecord[] = []
    const leftovers: Leftover[] = []
    for (const [index, plan] of planned.entries()) {
      const result = results[index] ?? { status: 'moved' }
      settleGifts(plan, result.status === 'committed' ? result.at : undefined)
      if (result.status === 'committed') {
        const copy = settledCopy(plan, result.at)
        leftovers.push(...this.#settleCommitted(plan, copy, current))
        changed.push(copy.record)
        entered.push(...enteredBy(plan))
      } else {
        leftovers.push(...this.#settleRefused(plan, result))
      }
    }
    if (entered.length > 0) this.#parts.onEntered(entered)
    if (changed.length > 0) this.#parts.onChanged(changed)
    return leftovers
  }

  #settleCommitted(plan: PlannedChange, copy: ProcessCopy, current: CurrentCopies): Leftover[] {
    announce(plan, this.#parts)
    const { id, state } = copy.record
    // Of what has ended little is asked any more; it would only drive out what lives.
    if (isLive(state)) this.#parts.cache.put(id, copy)
    else this.#parts.cache.drop(id)
    for (const { type, task, payload } of plan.change.events) {
      if (type !== 'task-completed' || task === undefined) continue
      // Likely to be asked for soon, by the tasks that it made active.
      if (copy.state.graph.dependentsOf(task).length > 0) this.#parts.outputs.keep(id, task, payload)
    }
    const { events, expectedVersion } = plan.change
    for (const { errand, version } of plan.accepted) {
      const made = events[version - expectedVersion - 1]?.type
      errand.settle({ status: 'done', version, record: copy.record, made })
    }
    return leftover(id, [...settleRejected(plan, current), ...plan.postponed], 'stale')
  }

  /** While it is held nobody can be quicker: a time-out that did not go through is not due any more. */
  #settleHeld(plan: PlannedChange, result: PersistResult, current: CurrentCopies): Leftover[] {
    if (result.status !== 'moved' || !plan.change.isDue) return this.#settle([plan], [result], current)
    const { id } = plan.change
    this.#parts.cache.drop(id)
    for (const { errand } of plan.accepted) errand.settle(notDue)
    const others = [...plan.rejected.map(({ errand }) => errand), ...plan.postponed]
    return leftover(id, others, 'stale')
  }

  #settleRefused(plan: PlannedChange, result: Exclude<PersistResult, { status: 'committed' }>): Leftover[] {
    const { id: processId, definition, started, failureProcess } = plan.change
    this.#parts.cache.drop(processId)
    const errands = errandsOf(plan)
    if (started !== undefined) this.#parts.definitions.forget(definition, started.definitionVersion)
    if (failureProcess !== undefined) this.#parts.definitions.forgetDefault(failureProcess.definition)
    if (result.status === 'unknown') {
      for (const { refuse } of errands) refuse(result.error)
      return []
    }
    if (result.status !== 'claims-lost') return leftover(processId, errands, result.status)

    const lost = new Set(result.tasks)
    // Only what went into the commit: a report of the same task that waits behind may be by the claim that is live.
    const [losers, others] = partition(
      plan.accepted.map(({ errand }) => errand),
      ({ work }) => work.kind === 'command' && 'task' in work.command && lost.has(work.command.task),
    )
    for (const { settle } of losers) settle({ status: 'claim-lost' })
    const again = [...others, ...plan.rejected.map(({ errand }) => errand), ...plan.postponed]
    return leftover(processId, again, 'stale')
  }

  /** What came without any change: a rejection, or that it is so already. Neither is said from a copy that is behind. */
  #settleUnchanged(planned: readonly PlannedChange[], current: CurrentCopies): Leftover[] {
    return planned
      .filter((plan) => !hasEvents(plan))
      .flatMap((plan) => {
        const { record, state } = plan.copy
        if (!current.upToDate.has(record.id)) return leftover(record.id, errandsOf(plan), 'stale')
        for (const { errand } of plan.accepted)
          errand.settle({ status: 'done', version: state.version, record })
        return leftover(record.id, [...settleRejected(plan, current), ...plan.postponed], 'stale')
      })
  }

  #afterFailedCommit(planned: readonly PlannedChange[], error: unknown): Leftover[] {
    const unavailable = error instanceof TunaCornError && error.code === 'unavailable'
    const groups = planned.map((plan) => ({ id: plan.change.id, errands: errandsOf(plan) }))
    const isAlone = groups.length === 1 && groups[0]?.errands.length === 1
    return groups.flatMap(({ id, errands }) => {
      this.#parts.cache.drop(id)
      if (!unavailable && !isAlone) return leftover(id, errands, 'poisoned')
      for (const { refuse } of errands) refuse(error)
      return []
    })
  }

  #refuse(processId: string, errands: readonly Errand[], error: unknown): void {
    this.#parts.cache.drop(processId)
    for (const { refuse } of errands) refuse(error)
  }
}

/** @returns those that may be rejected only from a copy that is up to date. */
function settleRejected({ copy, rejected }: PlannedChange, { upToDate }: CurrentCopies): Errand[] {
  if (!upToDate.has(copy.record.id)) return rejected.map(({ errand }) => errand)
  for (const { errand, rejection, endedIn } of rejected)
    errand.settle({ status: 'rejected', rejection, endedIn })
  return []
}

function errandsOf({ accepted, rejected, postponed }: PlannedChange): Errand[] {
  return [...[...accepted, ...rejected].map(({ errand }) => errand), ...postponed]
}

function enteredBy({ change, copy }: PlannedChange): EnteredTasks[] {
  const { id, definition, state, clock, enter, failureProcess } = change
  const came = enter.filter(({ holder }) => holder === undefined).map(({ name }) => name)
  // What stood on the board while it was paused is there for the first time, in effect.
  const free = state !== 'running' ? [] : clock === 'goes-on' ? copy.state.activeNames() : came
  const own: EnteredTasks[] = free.length === 0 ? [] : [{ processId: id, definition, names: free }]
  for (const { type, task = 0, retryInMs } of state === 'running' ? change.events : []) {
    if (type !== 'attempt-failed' || retryInMs === undefined) continue
    const names = [copy.state.graph.names[task] ?? '']
    own.push({ processId: id, definition, names, inMs: retryInMs })
  }
  if (failureProcess === undefined) return own
  const names = failureProcess.enter.map(({ name }) => name)
  return [...own, { processId: failureProcess.id, definition: failureProcess.definition, names }]
}

function leftover(processId: string, errands: readonly Errand[], reason: Leftover['reason']): Leftover[] {
  return errands.length === 0 ? [] : [{ processId, errands, reason }]
}

function hasEvents({ change }: PlannedChange): boolean {
  return change.events.length > 0
}

const notDue = {
  status: 'rejected',
  rejection: { code: 'process-running', detail: 'The deadline of the process has not passed.' },
} as const

function notFound(processId: string) {
  return {
    status: 'rejected',
    rejection: { code: 'process-not-found', detail: `There is no process ${processId}.` },
  } as const
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = []
  const no: T[] = []
  for (const item of items) (test(item) ? yes : no).push(item)
  return [yes, no]
}
