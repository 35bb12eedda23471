import type {
  ClaimCriteria,
  ClaimedBoardTask,
  ClaimRequest,
  HandedOut,
  JointClaim,
  TaskList,
} from '../lists/task-list.js'
import type { Observer } from './observer.js'
import { kindOf } from './kind-of-claim.js'

/** How many tasks are claimed in one statement at most, unless one request alone wants more. */
const maxTogether = 250

/** What has been handed out for one request. */
export interface OwnShare {
  readonly tasks: readonly ClaimedBoardTask[]
  /** Whether the board had no more for this kind of claim. */
  readonly isDry: boolean
}

interface Asked {
  readonly request: ClaimRequest
  readonly signal: AbortSignal | undefined
  readonly resolve: (share: OwnShare) => void
  readonly reject: (error: unknown) => void
}

/** Claims for a commit to take along; `settle` must be told what was handed out, if anything was. */
export interface ClaimAlong extends JointClaim {
  readonly settle: (handedOut: HandedOut | undefined) => void
}

/** A claim that waits for a commit. */
interface Riding {
  readonly request: ClaimRequest
  readonly kind: string
  readonly settle: (share: OwnShare | undefined) => void
}

/**
 * Claims that want the same go together: while one statement is under way, those that arrive wait, then all of them are
 * the next one. So many workers that each want one task cost the board little more than one that wants many, and do not
 * stand in each other's way there. Who came first is served first.
 *
 * Claims of those who bring results go along with the next commit, whosever results it commits.
 */
export class JointClaims {
  readonly #taskList: TaskList
  readonly #observer: Observer | undefined
  /** Who waits for the statement under way, by what they want. */
  readonly #waiting = new Map<string, Asked[]>()
  /** Who waits for the next commit. */
  readonly #riding = new Set<Riding>()

  constructor(taskList: TaskList, observer?: Observer) {
    this.#taskList = taskList
    this.#observer = observer
  }

  /** @param signal aborted when the client has gone: then nothing is claimed for it any more. */
  claim(request: ClaimRequest, signal?: AbortSignal): Promise<OwnShare> {
    const kind = kindOf(request)
    return new Promise((resolve, reject) => {
      const asked = { request, signal, resolve, reject }
      const waiting = this.#waiting.get(kind)
      if (waiting !== undefined) waiting.push(asked)
      else {
        this.#waiting.set(kind, [asked])
        void this.#run(kind)
      }
    })
  }

  /**
   * While `commit` commits, a commit may take this claim along.
   * @returns what came of it; nothing when none has, or could
   */
  async ride<T>(
    request: ClaimRequest,
    commit: () => Promise<T>,
  ): Promise<readonly [T, OwnShare | undefined]> {
    let settle: Riding['settle'] = () => {}
    const share = new Promise<OwnShare | undefined>((resolve) => (settle = resolve))
    const riding = { request, kind: kindOf(request), settle }
    this.#riding.add(riding)
    const results = await commit().finally(() => {
      if (this.#riding.delete(riding)) settle(undefined)
    })
    return [results, await share]
  }

  /** For a commit: the claims that wait for one and want the same as the first of them. */
  takeAlong(): ClaimAlong | undefined {
    const [first] = this.#riding
    if (first === undefined) return undefined
    const like = [...this.#riding].filter(({ kind }) => kind === first.kind)
    const group = like.slice(0, fitting(like))
    for (const one of group) this.#riding.delete(one)
    const requests = group.map(({ request }) => request)
    const begin = performance.now()
    const settle = (handedOut: HandedOut | undefined) => {
      if (handedOut !== undefined) this.#tell(group.length, handedOut.tasks, begin)
      for (const [place, one] of group.entries()) {
        const tasks = handedOut?.tasks[place] ?? []
        one.settle(handedOut === undefined ? undefined : { tasks, isDry: handedOut.isDry })
      }
    }
    return { criteria: criteriaOf(first.request), demands: requests, settle }
  }

  async #run(kind: string): Promise<void> {
    // Who asks in the same turn goes along.
    await Promise.resolve()
    for (let group = this.#next(kind); group.length > 0; group = this.#next(kind)) {
      const isGone = ({ signal }: Asked) => signal?.aborted === true
      for (const { resolve } of group.filter(isGone)) resolve({ tasks: [], isDry: false })
      const there = group.filter((asked) => !isGone(asked))
      if (there.length > 0) await this.#claim(there)
    }
    this.#waiting.delete(kind)
  }

  #next(kind: string): Asked[] {
    const waiting = this.#waiting.get(kind) ?? []
    return waiting.splice(0, fitting(waiting))
  }

  async #claim(group: readonly Asked[]): Promise<void> {
    const begin = performance.now()
    try {
      const { tasks, isDry } = await this.#handedOut(group.map(({ request }) => request))
      this.#tell(group.length, tasks, begin)
      for (const [place, { resolve }] of group.entries()) resolve({ tasks: tasks[place] ?? [], isDry })
    } catch (error) {
      this.#tell(group.length, undefined, begin)
      for (const { reject } of group) reject(error)
    }
  }

  /** @param shares nothing when the statement has failed. */
  #tell(requests: number, shares: HandedOut['tasks'] | undefined, begin: number): void {
    if (this.#observer === undefined) return
    const tasks = shares?.reduce((sum, { length }) => sum + length, 0) ?? 0
    const tookMs = performance.now() - begin
    this.#observer.claimed({ requests, tasks, tookMs, hasFailed: shares === undefined })
  }

  #handedOut(requests: readonly ClaimRequest[]): Promise<HandedOut> {
    return this.#taskList.claim(criteriaOf(requests[0] ?? {}), requests)
  }
}

function criteriaOf({ names, definition, processId, task }: ClaimCriteria): ClaimCriteria {
  return { names, definition, processId, task }
}

/** How many of these, one after the other, go into one statement. */
function fitting(claims: readonly { readonly request: ClaimRequest }[]): number {
  let wanted = 0
  const isTooMany = ({ request: { max } }: { request: ClaimRequest }, place: number) =>
    (wanted += max) > maxTogether && place > 0
  const end = claims.findIndex(isTooMany)
  return end === -1 ? claims.length : end
}
