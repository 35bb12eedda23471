import type { DueProcess, ProcessList } from '../lists/process-list.js'
import type { DueTask, TaskList } from '../lists/task-list.js'
import type { JudgeTask } from '../process/commands.js'
import type { Lanes } from './lanes.js'
import type { Logger } from './logger.js'
import { TunaCornError } from '../errors.js'
import { formatTaskId } from './ids.js'
import { Pulse } from './pulse.js'
import { SetAside } from './set-aside.js'

/** How many due things are looked at in one go. */
const batch = 250

/** How often what is old is removed. */
const tidyEveryMs = 30_000

export interface TimekeeperParts {
  readonly processList: ProcessList
  readonly taskList: TaskList
  readonly lanes: Lanes
  readonly logger: Logger
  readonly tickMs: number
  /** Ended processes are destroyed after so long; never when absent. */
  readonly retentionMs: number | undefined
}

/**
 * The loop that lets time pass: tasks that nobody claimed in time, attempts that are over, processes past their
 * deadline. Any number of replicas may run it: each due thing goes through the lane of its process, and the commit
 * finds it still due, or not any more. It asks for what is due, so it costs what is due, not what exists.
 */
export class Timekeeper {
  readonly #parts: TimekeeperParts
  readonly #pulse: Pulse
  readonly #setAside = new SetAside()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #isStopped = true
  #tidiedAt = -Infinity
  #hasFailed = false

  constructor(parts: TimekeeperParts) {
    this.#parts = parts
    this.#pulse = new Pulse(parts.taskList, parts.logger)
  }

  start(): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    this.#pulse.start()
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await Promise.all([this.#running, this.#pulse.stop()])
  }

  /** One turn: everything that is due by now is decided when it resolves. */
  async turn(): Promise<void> {
    const { taskList, processList } = this.#parts
    this.#setAside.release()
    const tasks = inBatches<DueTask>(
      (after) => taskList.due(batch, after),
      (task) => this.#judge(task),
    )
    const processes = inBatches<DueProcess>(
      (after) => processList.due(batch, after),
      ({ id }) => this.#timeOut(id),
    )
    // A batch of each at a time: neither waits until all of the other is done.
    for (let moreTasks = true, moreProcesses = true; moreTasks || moreProcesses;) {
      moreTasks &&= await tasks()
      moreProcesses &&= await processes()
    }
    await this.#tidy()
  }

  async #judge(due: DueTask): Promise<void> {
    const { processId, task, reason, attempt, secret, elapsedMs } = due
    const command = { type: 'judge-task', task, reason, attempt, secret, elapsedMs } as const
    const isDone = await this.#submit(processId, command)
    const fields = { process: processId, task: formatTaskId(due), attempt, reason }
    if (isDone) this.#parts.logger.info(fields, 'time was up for a task')
  }

  async #timeOut(id: string): Promise<void> {
    await this.#submit(id, { type: 'time-out' })
  }

  /** One process that cannot be understood does not stop the clock for the others. */
  async #submit(processId: string, command: JudgeTask | { readonly type: 'time-out' }): Promise<boolean> {
    if (this.#setAside.has(processId)) return false
    try {
      const { status } = await this.#parts.lanes.submit(processId, { kind: 'command', command })
      return status === 'done'
    } catch (error) {
      if (error instanceof TunaCornError && error.code === 'unavailable') throw error
      if (this.#setAside.add(processId))
        this.#parts.logger.error({ err: error, process: processId }, 'what is due cannot be decided for now')
      return false
    }
  }

  async #tidy(): Promise<void> {
    const { processList, retentionMs, logger } = this.#parts
    if (performance.now() - this.#tidiedAt < tidyEveryMs) return
    const { destroyed, hasMore } = await processList.tidy({ endedMsAgo: retentionMs, limit: batch })
    if (destroyed.length > 0) logger.info({ count: destroyed.length }, 'old processes destroyed')
    if (!hasMore) this.#tidiedAt = performance.now()
  }

  #schedule(): void {
    if (this.#isStopped) return
    // Replicas shall not all turn at the same moment.
    const inMs = this.#parts.tickMs * (0.75 + Math.random() / 2)
    this.#timer = setTimeout(() => {
      this.#running = this.#turnAndGoOn()
    }, inMs)
    this.#timer.unref()
  }

  async #turnAndGoOn(): Promise<void> {
    try {
      await this.turn()
      this.#hasFailed = false
    } catch (error) {
      // Once is enough while the store is away.
      if (!this.#hasFailed) this.#parts.logger.warn({ err: error }, 'could not keep time; trying again')
      this.#hasFailed = true
    }
    this.#schedule()
  }
}

/**
 * Each call decides the next batch of what is due, and says whether there may be more. It goes on after what it has
 * found, decided or not: what cannot be decided, or is decided by others, stands in nobody's way.
 */
function inBatches<T>(
  due: (after: T | undefined) => Promise<readonly T[]>,
  decide: (one: T) => Promise<void>,
): () => Promise<boolean> {
  let after: T | undefined
  return async () => {
    const found = await due(after)
    await Promise.all(found.map(decide))
    after = found.at(-1)
    return found.length === batch
  }
}
