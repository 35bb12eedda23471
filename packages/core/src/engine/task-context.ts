import type { ClaimedBoardTask, TaskRef } from '../lists/task-list.js'
import type { Payload } from '../payload.js'
import type { Lanes } from './lanes.js'
import type { ProcessCache, ProcessCopy } from './process-cache.js'
import { mergeAttributes } from '../attributes.js'
import { TunaCornError } from '../errors.js'
import { formatClaim, formatTaskId } from './ids.js'
import { StaleCopy, type Outputs } from './outputs.js'

/** A task with its claim, and what a worker may see of what came before it. */
export interface ClaimedTask {
  readonly id: string
  readonly name: string
  readonly attempt: number
  readonly claim: string
  readonly leaseExpiresAt: Date
  readonly process: {
    readonly id: string
    readonly definition: string
    readonly definitionVersion: number
    readonly input: Payload | undefined
    readonly startedAt: Date
  }
  /** Outputs of the direct needs by name; absent when there are too many or they are too large. */
  readonly needs: Readonly<Record<string, Payload>> | undefined
  /** Input and outputs of all ancestors, merged; absent when not asked for, too many or too large. */
  readonly attributes: Readonly<Record<string, unknown>> | undefined
}

export interface TaskAttributes {
  readonly needs: Readonly<Record<string, Payload>>
  readonly attributes: Readonly<Record<string, unknown>>
}

/** What goes along with a claimed task; beyond it, the worker asks for the attributes by themselves. */
const alongLimits: Limits = { maxTasks: 1_000, maxCharacters: 256 * 1024 }
/** What is given to who asks for it by itself. */
const askedLimits: Limits = { maxTasks: 100_000, maxCharacters: 16 * 1024 * 1024 }

/** How many outputs are read in one go: a task whose ancestors put out too much shall not cost their sum. */
const readAtOnce = 100

interface Limits {
  readonly maxTasks: number
  readonly maxCharacters: number
}

/** Puts together what came before a task: its process, the outputs of its needs, and everything merged. */
export class TaskContext {
  readonly #lanes: Lanes
  readonly #cache: ProcessCache
  readonly #outputs: Outputs

  constructor(lanes: Lanes, cache: ProcessCache, outputs: Outputs) {
    this.#lanes = lanes
    this.#cache = cache
    this.#outputs = outputs
  }

  async describe(claimed: ClaimedBoardTask, withAttributes: boolean): Promise<ClaimedTask> {
    const { processId, task, name, claim, leaseExpiresAt } = claimed
    return this.#withCopy(processId, task, async (copy) => {
      const { definition, definitionVersion, input, startedAt } = copy.record
      return {
        id: formatTaskId(claimed),
        name,
        attempt: claim.attempt,
        claim: formatClaim(claim),
        leaseExpiresAt,
        process: { id: processId, definition, definitionVersion, input, startedAt },
        needs: await this.#needs(copy, task, alongLimits),
        attributes: withAttributes ? await this.#attributes(copy, task, alongLimits) : undefined,
      }
    })
  }

  /**
   * @throws TunaCornError `process-not-found`, `task-not-found`; `too-large` beyond 100,000 ancestors or 16 MB.
   */
  async attributesOf({ processId, task }: TaskRef): Promise<TaskAttributes> {
    return this.#withCopy(processId, task, async (copy) => {
      const needs = await this.#needs(copy, task, askedLimits)
      const attributes = await this.#attributes(copy, task, askedLimits)
      if (needs !== undefined && attributes !== undefined) return { needs, attributes }
      throw new TunaCornError(
        'too-large',
        'What came before this task is over 16 MB. Read the outputs one by one, from the tasks themselves.',
      )
    })
  }

  /**
   * With the copy at hand when every need of the task has ended in it; else, or when the history does not bear it
   * out, with one that the lane has brought up to date: another replica may have ended some of them.
   */
  async #withCopy<T>(processId: string, task: number, use: (copy: ProcessCopy) => Promise<T>): Promise<T> {
    const cached = this.#cache.get(processId)
    if (cached !== undefined && task < cached.state.graph.size && this.#knows(cached, task)) {
      try {
        return await use(cached)
      } catch (error) {
        if (!(error instanceof StaleCopy)) throw error
      }
    }
    const current = await this.#lanes.look(processId, (copy) => {
      if (task < copy.state.graph.size) return copy
      throw new TunaCornError('task-not-found', `Process ${processId} has no task ${task}.`)
    })
    return use(current)
  }

  #knows({ state }: ProcessCopy, task: number): boolean {
    return state.graph.needsOf(task).every((need) => state.endedIn(need) > 0)
  }

  async #needs(
    copy: ProcessCopy,
    task: number,
    limits: Limits,
  ): Promise<Record<string, Payload> | undefined> {
    const { graph } = copy.state
    const outputs = await this.#read(copy, graph.needsOf(task), limits)
    if (outputs === undefined) return undefined
    // `fromEntries` defines its keys, so that a task may be called `__proto__`.
    return Object.fromEntries([...outputs].map(([need, output]) => [graph.names[need] ?? '', output]))
  }

  async #attributes(
    copy: ProcessCopy,
    task: number,
    limits: Limits,
  ): Promise<Record<string, unknown> | undefined> {
    const { record, state } = copy
    const ancestors = state.graph.ancestorsOf(task, limits.maxTasks)
    if (ancestors === 'too-many') return undefined
    const inputCharacters = record.input?.text.length ?? 0
    const outputs = await this.#read(copy, ancestors, {
      ...limits,
      maxCharacters: limits.maxCharacters - inputCharacters,
    })
    if (outputs === undefined) return undefined
    return mergeAttributes([record.input, ...outputs.values()])
  }

  /** Outputs in the order of the tasks; nothing when they are more than the limits allow. */
  async #read(
    copy: ProcessCopy,
    tasks: Uint32Array,
    limits: Limits,
  ): Promise<Map<number, Payload> | undefined> {
    if (tasks.length > limits.maxTasks || limits.maxCharacters < 0) return undefined
    const ended = [...tasks].filter((task) => copy.state.endedIn(task) > 0)
    const outputs = new Map<number, Payload>()
    let characters = 0
    for (let begin = 0; begin < ended.length; begin += readAtOnce) {
      const some = ended.slice(begin, begin + readAtOnce)
      const read = await this.#outputs.of(copy, some)
      for (const task of some) {
        const output = read.get(task)
        if (output === undefined) continue
        characters += output.text.length
        outputs.set(task, output)
      }
      if (characters > limits.maxCharacters) return undefined
    }
    return outputs
  }
}
