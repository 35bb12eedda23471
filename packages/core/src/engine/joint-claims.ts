import type {
  ClaimCriteria,
  ClaimedBoardTask,
  ClaimRequest,
  HandedOut,
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

/**
 * Claims that want the same go together: while one statement is under way, those that arrive wait, then all of them are
 * the next one. So many workers that each want one task cost the board little more than one that wants many, and do not
 * stand in each other's way there. Who came first is served first.
 */
export class JointClaims {
  readonly #taskList: TaskList
  readonly #observer: Observer | undefined
  /** Who waits for the statement under way, by what they want. */
  readonly #waiting = new Map<string, Asked[]>()

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
    let wanted = 0
    const isTooMany = ({ request: { max } }: Asked, place: number) =>
      (wanted += max) > maxTogether && place > 0
    const end = waiting.findIndex(isTooMany)
    return waiting.splice(0, end === -1 ? waiting.length : end)
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
    const { names, definition, processId, task } = requests[0] ?? ({} as ClaimCriteria)
    return this.#taskList.claim({ names, definition, processId, task }, requests)
  }
}
