import type { News } from '../lists/news.js'
import type { ClaimCriteria, ClaimedBoardTask, ClaimRequest, TaskList } from '../lists/task-list.js'
import type { EnteredTasks } from './round.js'
import type { Logger } from './logger.js'
import type { Observer } from './observer.js'
import { JointClaims, type ClaimAlong, type OwnShare } from './joint-claims.js'
import { KnownBoard } from './known-board.js'
import { Waiter } from './waiter.js'
import { isWanted, WaitingLine, type WantedTask } from './waiting-line.js'

export interface ClaimsOptions {
  readonly taskList: TaskList
  readonly news: News | undefined
  readonly logger: Logger
  readonly observer: Observer | undefined
  /** How often the board is looked at for what nobody here has put there, while somebody waits. */
  readonly pollMs: number
}

export interface WaitOptions {
  readonly waitMs: number
  /** The client has gone: there is nobody to wait for. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Who waits for what. Waiting takes a place in a line here, no connection and no query: one look at the board, every so
 * often, serves all who wait, however many they are. What comes onto the board through this replica is given to those
 * whose turn it is by the very commit that it comes with; where that cannot be, they are woken at once.
 */
export class Claims {
  readonly #options: ClaimsOptions
  readonly #line = new WaitingLine()
  /** Who has brought results that are being committed. */
  readonly #riders = new Set<Waiter>()
  readonly #board: KnownBoard
  readonly #joint: JointClaims
  #turns = 0
  #poll: NodeJS.Timeout | undefined
  /** That looking has failed is said once, until it works again. */
  #hasFailed = false
  #isLooking = false
  #mustLookAgain = false
  #stopListening: (() => void) | undefined
  #closed = false

  constructor(options: ClaimsOptions) {
    this.#options = options
    this.#board = new KnownBoard(options.pollMs)
    this.#joint = new JointClaims(options.taskList, options.observer)
  }

  /**
   * Claims for who brings results, while `commit` commits them. Where there is nothing on the board, what they unlock
   * comes with the same commits: then a step of a chain is one request and one commit. Where there is plenty, a commit
   * takes the claim along. In between it claims after the commit, and sees what that has brought, so that the board is
   * soon dry again; beside it, the two statements would get into each other's way.
   */
  async claimWith<T>(
    request: ClaimRequest,
    resultCount: number,
    commit: () => Promise<T>,
  ): Promise<{ readonly results: T; readonly tasks: readonly ClaimedBoardTask[] }> {
    const [results, tasks] = await this.#meanwhile(request, resultCount, commit)
    const max = request.max - tasks.length
    // What was not there before, and has not come since, is not there.
    if (max === 0 || this.#board.isDryFor(request)) return { results, tasks }
    return { results, tasks: [...tasks, ...(await this.#claimMore({ ...request, max }, tasks.length))] }
  }

  /** Who has been given something hears of it also when more cannot be had: nobody else knows its claims. */
  async #claimMore(request: ClaimRequest, given: number): Promise<readonly ClaimedBoardTask[]> {
    try {
      return await this.#claimNow(request)
    } catch (error) {
      if (given === 0) throw error
      this.#options.logger.warn({ err: error }, 'could not claim more than was given with the reports')
      return []
    }
  }

  /** What is given to who brings results by the commits themselves. */
  async #meanwhile<T>(
    request: ClaimRequest,
    resultCount: number,
    commit: () => Promise<T>,
  ): Promise<readonly [T, readonly ClaimedBoardTask[]]> {
    if (this.#board.isDryFor(request)) return this.#ride(request, resultCount, commit)
    if (this.#board.hasPlentyFor(request)) return this.#goAlong(request, commit)
    return [await commit(), []]
  }

  async #goAlong<T>(
    request: ClaimRequest,
    commit: () => Promise<T>,
  ): Promise<readonly [T, readonly ClaimedBoardTask[]]> {
    const look = this.#board.look()
    const [results, share] = await this.#joint.ride(request, commit)
    return [results, share === undefined ? [] : this.#taken(request, share, look)]
  }

  async #ride<T>(
    request: ClaimRequest,
    resultCount: number,
    commit: () => Promise<T>,
  ): Promise<readonly [T, readonly ClaimedBoardTask[]]> {
    const rider = new Waiter(request, 0)
    rider.ride(resultCount)
    this.#riders.add(rider)
    const results = await commit().finally(() => this.#riders.delete(rider))
    return [results, await rider.alight()]
  }

  /** Claims at once what there is; when there is nothing, waits for its turn: to be given something, or claim again. */
  async claim(request: ClaimRequest, { waitMs, signal }: WaitOptions): Promise<readonly ClaimedBoardTask[]> {
    const deadline = performance.now() + waitMs
    const waiter = new Waiter(request, (this.#turns += 1))
    this.#line.add(waiter)
    if (!this.#closed) this.#startPolling()
    if (waitMs > 0) this.#listen()
    try {
      // Who can wait does not look for what is known not to be there: however many come to wait, the board is looked at
      // as often as by one.
      for (let mayBeThere = waitMs <= 0 || !this.#board.isDryFor(request); ; mayBeThere = true) {
        waiter.isWoken = false
        const tasks = mayBeThere ? await this.#claimNow(request, signal) : []
        if (tasks.length > 0) return tasks
        const isOver = this.#closed || signal?.aborted === true
        const by = isOver ? 'time' : await waiter.sleep(deadline - performance.now(), signal)
        const given = waiter.takeGiven()
        if (given.length > 0 || by === 'time') return given
      }
    } finally {
      this.#line.remove(waiter)
      // Woken, but not for long enough to claim: the next one takes the turn.
      if (waiter.isWoken) this.#wakeOne(request)
      if (this.#line.size === 0) this.#stopPolling()
    }
  }

  async #claimNow(request: ClaimRequest, signal?: AbortSignal): Promise<readonly ClaimedBoardTask[]> {
    const look = this.#board.look()
    return this.#taken(request, await this.#joint.claim(request, signal), look)
  }

  #taken(request: ClaimRequest, { tasks, isDry }: OwnShare, look: number): readonly ClaimedBoardTask[] {
    this.#board.noteLook(request, look, { isDry })
    if (!isDry) this.#wakeOne(request)
    return tasks
  }

  /** Claims for a commit to take along. */
  takeAlong(): ClaimAlong | undefined {
    return this.#joint.takeAlong()
  }

  /**
   * A task is about to come onto the board: who shall have it, of those who found nothing there when they last looked.
   * Who brings a result may have one for it; then those who wait, in their order; then who brings results and has room.
   * `settle` must be told what became of it.
   */
  reserve(task: WantedTask): Waiter | undefined {
    const owed = this.#firstRider(task, ({ isOwed }) => isOwed)
    if (owed !== undefined) return owed
    const waiting = this.#line.size === 0 ? undefined : this.#line.firstFor(task, (one) => one.mayBeGiven)
    return waiting ?? this.#firstRider(task, () => true)
  }

  #firstRider(task: WantedTask, test: (rider: Waiter) => boolean): Waiter | undefined {
    for (const rider of this.#riders) {
      if (rider.mayBeGiven && test(rider) && isWanted(rider.request, task)) return rider
    }
    return undefined
  }

  /** How many wait for work. */
  get waiting(): number {
    return this.#line.size
  }

  /** Something has come back to the board, of whatever name: who waits looks again, one after the other. */
  lookAgain(): void {
    this.#board.wet()
    this.#wakeEach(() => true)
  }

  /** New tasks on the board: for each, the first who waits for such a one is woken. Others may wait at other replicas. */
  wake(entered: readonly EnteredTasks[]): void {
    for (const { inMs = 0, ...tasks } of entered) {
      // What comes later than the next look is found by that.
      if (inMs > 0 && inMs < this.#options.pollMs) this.#wakeAt(performance.now() + inMs + 1, tasks)
    }
    const now = entered.filter(({ inMs = 0 }) => inMs <= 0)
    if (now.length === 0) return
    this.#board.wet()
    if (!this.#wakeForEach(now)) this.#options.news?.tell()
  }

  /** @returns whether somebody here was woken for each of them. */
  #wakeForEach(entered: readonly EnteredTasks[]): boolean {
    let isForEach = true
    for (const { processId, definition, names } of entered) {
      for (const name of names) {
        const task = { processId, definition, name }
        const woken = this.#line.firstFor(task, ({ isWoken }) => !isWoken)
        woken?.wake()
        isForEach &&= woken !== undefined
        if (woken === undefined && this.#line.first(({ isWoken }) => !isWoken) === undefined) return false
      }
    }
    return isForEach
  }

  /** A timer may fire before its time, by as long as the turn has taken in which it was set. */
  #wakeAt(atMs: number, tasks: EnteredTasks): void {
    const isTime = () => (performance.now() < atMs ? this.#wakeAt(atMs, tasks) : this.wake([tasks]))
    setTimeout(isTime, atMs - performance.now()).unref()
  }

  /** Everybody who waits is answered with nothing. */
  close(): void {
    this.#closed = true
    this.#stopPolling()
    this.#stopListening?.()
    for (const waiter of this.#line) waiter.wake()
  }

  /** There may be more where that came from. */
  #wakeOne(like: ClaimCriteria): void {
    this.#line.first(({ isWoken, request }) => !isWoken && overlap(request, like))?.wake()
  }

  /** The board does not say for whom: of those with other filters, the first of each. */
  #wakeEach(test: (criteria: ClaimCriteria) => boolean): void {
    const asked = new Set<string>()
    for (const { request } of this.#line) {
      const filters = JSON.stringify([request.definition, request.processId])
      if (asked.has(filters) || !test(request)) continue
      asked.add(filters)
      const isLike = (other: Waiter) => test(other.request) && sameFilters(other.request, request)
      this.#line.first((other) => !other.isWoken && isLike(other))?.wake()
    }
  }

  #startPolling(): void {
    if (this.#poll !== undefined || this.#isLooking) return
    // Replicas shall not all look at the same moment. What is seen is believed until the next look.
    const inMs = this.#options.pollMs * (0.5 + Math.random() / 2)
    this.#poll = setTimeout(() => {
      void this.#look()
    }, inMs)
  }

  /** From the first one on who waits here: before, nobody would be served by it. */
  #listen(): void {
    if (this.#closed) return
    this.#stopListening ??= this.#options.news?.listen(() => {
      this.#board.wet()
      this.#lookNow()
    })
  }

  /** Where it is being looked at already, what is new may have come too late to be seen: then once more. */
  #lookNow(): void {
    if (this.#line.size === 0 || this.#closed) return
    if (this.#isLooking) this.#mustLookAgain = true
    else {
      this.#stopPolling()
      void this.#look()
    }
  }

  #stopPolling(): void {
    clearTimeout(this.#poll)
    this.#poll = undefined
  }

  /** Nothing was there for any of those who waited when it was looked for. */
  #noteDry(look: number, lastTurn: number): void {
    for (const { request, turn } of this.#line) if (turn <= lastTurn) this.#board.noteDry(request, look)
  }

  async #look(): Promise<void> {
    this.#poll = undefined
    this.#isLooking = true
    try {
      const { names, wantsAnyName } = this.#line
      const look = this.#board.look()
      const lastTurn = this.#turns
      const found = names.length > 0 ? await this.#options.taskList.claimable(names) : []
      const any = wantsAnyName ? await this.#options.taskList.claimable(undefined) : []
      this.#hasFailed = false
      if (found.length + any.length > 0) this.#board.wet()
      else this.#noteDry(look, lastTurn)
      for (const name of found) this.#wakeEach((criteria) => criteria.names?.includes(name) === true)
      if (any.length > 0) this.#wakeEach((criteria) => criteria.names === undefined)
    } catch (error) {
      if (!this.#hasFailed)
        this.#options.logger.warn({ err: error }, 'could not look at the board; trying again')
      this.#hasFailed = true
    } finally {
      this.#isLooking = false
      const mustLookAgain = this.#mustLookAgain
      this.#mustLookAgain = false
      if (mustLookAgain) this.#lookNow()
      else if (this.#line.size > 0 && !this.#closed) this.#startPolling()
    }
  }
}

/** Whether what one takes the other might take as well. */
function overlap(a: ClaimCriteria, b: ClaimCriteria): boolean {
  const names =
    a.names === undefined || b.names === undefined || a.names.some((name) => b.names?.includes(name))
  const definition = a.definition === undefined || b.definition === undefined || a.definition === b.definition
  const process = a.processId === undefined || b.processId === undefined || a.processId === b.processId
  return names && definition && process
}

function sameFilters(a: ClaimCriteria, b: ClaimCriteria): boolean {
  return a.definition === b.definition && a.processId === b.processId
}
