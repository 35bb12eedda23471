import type { TaskRef } from '../lists/board.js'
import type { ClaimedBoardTask } from '../lists/task-list.js'
import type { ProcessRecord } from '../lists/process-list.js'
import type { Payload } from '../payload.js'
import type { Lanes } from './lanes.js'
import type { ProcessCopy } from './process-cache.js'
import type { ProcessCopies } from './process-copies.js'
import { mergedPayload } from '../attributes.js'
import { TunaCornError } from '../errors.js'
import { Heritages, type Heritage } from './heritage.js'
import { formatClaim, formatTaskId } from './ids.js'
import { StaleCopy, type CompletedTask, type Outputs } from './outputs.js'

/** A task with its claim, and what a worker may see of what came before it. */
export interface ClaimedTask {
  readonly id: string
  readonly name: string
  readonly attempt: number
  readonly claim: string
  readonly leaseExpiresAt: Date
  /** How long that was when it was handed out. */
  readonly leaseMs: number
  readonly process: {
    readonly id: string
    readonly definition: string
    readonly definitionVersion: number
    readonly input: Payload | undefined
    readonly startedAt: Date
  }
  /** Outputs of the direct needs by name; absent when there are too many or they are too large. */
  readonly needs: Readonly<Record<string, Payload>> | undefined
  /** Input and outputs of all ancestors, merged into one object; absent when not asked for, too many or too large. */
  readonly attributes: Payload | undefined
  /** W3C trace context of the start of its process, for the work to continue. */
  readonly traceparent: string | undefined
}

export interface TaskAttributes {
  readonly needs: Readonly<Record<string, Payload>>
  readonly attributes: Payload
}

/** What goes along with a claimed task; beyond it, the worker asks for the attributes by themselves. */
const alongLimits: Limits = { maxNeeds: 1_000, maxAncestors: 1_000, maxCharacters: 256 * 1024 }
/** What is given to who asks for it by itself. */
const askedLimits: Limits = { maxNeeds: 100_000, maxAncestors: 100_000, maxCharacters: 16 * 1024 * 1024 }

/** How many outputs are read in one go: a task whose ancestors put out too much shall not cost their sum. */
const readAtOnce = 100

interface Limits {
  readonly maxNeeds: number
  /** None are looked for where there may be none. */
  readonly maxAncestors: number
  readonly maxCharacters: number
}

/** How tasks are handed out. */
interface Handing {
  /** Theirs, in clear. */
  readonly secret: string
  readonly withAttributes: boolean
}

/** Puts together what came before a task: its process, the outputs of its needs, and everything merged. */
export class TaskContext {
  readonly #lanes: Lanes
  readonly #copies: ProcessCopies
  readonly #outputs: Outputs
  readonly #heritages = new Heritages()

  constructor(lanes: Lanes, copies: ProcessCopies, outputs: Outputs) {
    this.#lanes = lanes
    this.#copies = copies
    this.#outputs = outputs
  }

  /** Each by itself: one that cannot be understood does not stand in the way of the others. */
  async describeAll(
    claimed: readonly ClaimedBoardTask[],
    handing: Handing,
  ): Promise<PromiseSettledResult<ClaimedTask>[]> {
    await this.#copies.haveAtHand(claimed.map(({ processId }) => processId))
    return Promise.allSettled(claimed.map((task) => this.#describe(task, handing)))
  }

  /** Of a task whose process is at hand: for a line in the log nothing is read. */
  nameOf({ processId, task }: TaskRef): string | undefined {
    return this.#copies.atHand(processId)?.state.graph.names[task]
  }

  async #describe(claimed: ClaimedBoardTask, { secret, withAttributes }: Handing): Promise<ClaimedTask> {
    const { processId, task, name, claim, leaseExpiresAt, leaseMs } = claimed
    const limits = withAttributes ? alongLimits : { ...alongLimits, maxAncestors: 0 }
    return this.#withPast(claimed, limits, async (past) => {
      const { definition, definitionVersion, input, startedAt, traceparent } = past.record
      return {
        id: formatTaskId({ processId, task }),
        name,
        attempt: claim.attempt,
        claim: formatClaim(claim.attempt, secret),
        leaseExpiresAt,
        leaseMs,
        process: { id: processId, definition, definitionVersion, input, startedAt },
        needs: await this.#needs(past, alongLimits),
        attributes: withAttributes ? await this.#attributes(past, alongLimits) : undefined,
        traceparent,
      }
    })
  }

  /**
   * @throws TunaCornError `process-not-found`, `task-not-found`; `too-large` beyond 100,000 ancestors or 16 MB.
   */
  async attributesOf(place: TaskRef): Promise<TaskAttributes> {
    return this.#withPast(place, askedLimits, async (past) => {
      const needs = await this.#needs(past, askedLimits)
      const attributes = await this.#attributes(past, askedLimits)
      if (needs !== undefined && attributes !== undefined) return { needs, attributes }
      throw new TunaCornError(
        'too-large',
        'What came before this task is over 16 MB. Read the outputs one by one, from the tasks themselves.',
      )
    })
  }

  /**
   * By the copy at hand when every need of the task is completed in it. It may hold what is not committed yet, and then
   * the history does not bear it out; or another replica may have completed some of the needs: then the lane is asked, and
   * what it says is taken down while nothing uncommitted is in its copy.
   */
  async #withPast<T>(
    { processId, task }: TaskRef,
    limits: Limits,
    use: (past: Past) => Promise<T>,
  ): Promise<T> {
    const cached = this.#copies.atHand(processId)
    if (cached !== undefined && task < cached.state.graph.size && knowsNeeds(cached, task)) {
      try {
        return await use(pastOf(cached, task, limits, this.#heritages))
      } catch (error) {
        if (!(error instanceof StaleCopy)) throw error
      }
    }
    const past = await this.#lanes.look(processId, (copy) => {
      if (task < copy.state.graph.size) return pastOf(copy, task, limits, this.#heritages)
      throw new TunaCornError('task-not-found', `Process ${processId} has no task ${task}.`)
    })
    return use(past)
  }

  async #needs({ record, names, needs }: Past, limits: Limits): Promise<Record<string, Payload> | undefined> {
    const outputs = await this.#read(record.id, needs, limits.maxCharacters)
    if (outputs === undefined) return undefined
    // `fromEntries` defines its keys, so that a task may be called `__proto__`.
    return Object.fromEntries([...outputs].map(([need, output]) => [names[need] ?? '', output]))
  }

  async #attributes(
    { record, heritage, ancestors, onlyNeed }: Past,
    limits: Limits,
  ): Promise<Payload | undefined> {
    const { input } = record
    const before = heritage ?? { merged: input, ancestors: 0, characters: input?.text.length ?? 0 }
    const count = before.ancestors + (ancestors?.length ?? 0)
    if (count > limits.maxAncestors) return undefined
    const outputs = await this.#read(record.id, ancestors, limits.maxCharacters - before.characters)
    if (outputs === undefined) return undefined
    const merged = mergedPayload([before.merged, ...outputs.values()])
    if (onlyNeed !== undefined && count > before.ancestors) {
      let { characters } = before
      for (const { text } of outputs.values()) characters += text.length
      // What does not go along with claims is asked for rarely, and would drive out what does.
      if (characters <= alongLimits.maxCharacters)
        this.#heritages.keep(record.id, onlyNeed, { merged, ancestors: count, characters })
    }
    return merged
  }

  /** Outputs in the order of the tasks; nothing when they are more than that. */
  async #read(
    processId: string,
    completed: readonly CompletedTask[] | undefined,
    maxCharacters: number,
  ): Promise<Map<number, Payload> | undefined> {
    if (completed === undefined || maxCharacters < 0) return undefined
    const outputs = new Map<number, Payload>()
    let characters = 0
    for (let begin = 0; begin < completed.length; begin += readAtOnce) {
      const some = completed.slice(begin, begin + readAtOnce)
      const read = await this.#outputs.of(processId, some)
      for (const { task } of some) {
        const output = read.get(task)
        if (output === undefined) continue
        characters += output.text.length
        outputs.set(task, output)
      }
      if (characters > maxCharacters) return undefined
    }
    return outputs
  }
}

/** What came before a task, taken down from a copy of its process: the copy itself goes on. */
interface Past {
  readonly record: ProcessRecord
  readonly names: readonly string[]
  /** Direct needs that are completed; absent when too many. */
  readonly needs: readonly CompletedTask[] | undefined
  /** Where it needs one task alone, and that is completed: that one. */
  readonly onlyNeed: number | undefined
  /** What is known of its attributes, in place of what some ancestors would add. */
  readonly heritage: Heritage | undefined
  /** The other ancestors that are completed, in topological order; absent when too many. */
  readonly ancestors: readonly CompletedTask[] | undefined
}

function pastOf(
  { record, state }: ProcessCopy,
  task: number,
  { maxNeeds, maxAncestors }: Limits,
  heritages: Heritages,
): Past {
  const { graph } = state
  const completed = (tasks: Uint32Array) =>
    Array.from(tasks.filter(isCompletedIn(state)), (one) => ({ task: one, version: state.endedIn(one) }))
  const needs = graph.needsOf(task)
  const completedNeeds = needs.length > maxNeeds ? undefined : completed(needs)
  const onlyNeed = needs.length === 1 ? completedNeeds?.[0]?.task : undefined
  const past = { record, names: graph.names, needs: completedNeeds, onlyNeed }
  if (onlyNeed !== undefined && maxAncestors > 0) {
    const left = heritages.of(record.id, onlyNeed)
    if (left !== undefined) return { ...past, heritage: left, ancestors: [] }
    const [before, ...others] = graph.needsOf(onlyNeed)
    const leftBefore = before === undefined || others.length > 0 ? undefined : heritages.of(record.id, before)
    if (leftBefore !== undefined) return { ...past, heritage: leftBefore, ancestors: completedNeeds }
  }
  const ancestors = graph.ancestorsOf(task, maxAncestors)
  return {
    ...past,
    heritage: undefined,
    ancestors: ancestors === 'too-many' ? undefined : completed(ancestors),
  }
}

function knowsNeeds({ state }: ProcessCopy, task: number): boolean {
  return state.graph.needsOf(task).every(isCompletedIn(state))
}

/** One that has failed has put out nothing, and may do so yet, when its process is tried again. */
function isCompletedIn(state: ProcessCopy['state']): (task: number) => boolean {
  return (task) => state.taskStatus(task) === 'completed'
}
