import type { Engine, HandedOut, PersistResult, ProcessChange, Store } from '@tunacorn/core'
import { engineOn, standIn } from '../engine/support.js'

/** Where a replica dies: before it writes, or when what it has written is stored and nobody has heard of it. */
export type Cut = 'before' | 'after'

/** An engine whose writes may be the last thing it does, and whose store may be taken up by others. */
export class Replica {
  readonly engine: Engine
  /** Resolves when it is dead. Nothing that it had in hand is ever answered. */
  readonly dead: Promise<'dead'>
  #die = (_how: 'dead'): void => {}
  #cut: Cut | undefined

  /** @param contention for each commit in turn, whether others were quicker */
  constructor(store: Omit<Store, 'close'>, contention: boolean[]) {
    this.dead = new Promise((resolve) => (this.#die = resolve))
    const { processList, taskList } = store
    this.engine = engineOn(store, {
      // What it has seen of the board it believes until it hears otherwise, however slow the machine is.
      pollMs: 60_000,
      processList: standIn(processList, {
        persist: (changes: readonly ProcessChange[]) =>
          this.#write(async () => {
            if (contention.shift() === true) return changes.map(() => ({ status: 'moved' }) as const)
            return processList.persist(changes)
          }, isCommitted),
        persistClaiming: (changes, claim) =>
          this.#write(
            async () => {
              if (contention.shift() !== true) return processList.persistClaiming(changes, claim)
              return { results: changes.map(() => ({ status: 'moved' }) as const), handedOut: undefined }
            },
            ({ results, handedOut }) =>
              isCommitted(results) || (handedOut !== undefined && isHandedOut(handedOut)),
          ),
        persistHeld: (read, decide) =>
          this.#write(
            () => processList.persistHeld(read, decide),
            (result) => result !== undefined && isCommitted([result]),
          ),
      }),
      taskList: standIn(taskList, {
        claim: (criteria, demands) => this.#write(() => taskList.claim(criteria, demands), isHandedOut),
        release: (held) => this.#write(() => taskList.release(held), Boolean),
        extend: (held, leaseMs) =>
          this.#write(
            () => taskList.extend(held, leaseMs),
            (leases) => leases.some((lease) => lease !== undefined),
          ),
      }),
    })
  }

  /** It dies with the next thing that it writes. */
  dieAt(cut: Cut): void {
    this.#cut = cut
  }

  async #write<T>(write: () => Promise<T>, isWritten: (result: T) => boolean): Promise<T> {
    if (this.#cut === 'before') return this.#hang()
    const result = await write()
    return this.#cut === 'after' && isWritten(result) ? this.#hang() : result
  }

  #hang(): Promise<never> {
    this.#die('dead')
    return new Promise(() => {})
  }
}

function isCommitted(results: readonly PersistResult[]): boolean {
  return results.some(({ status }) => status === 'committed')
}

function isHandedOut({ tasks }: HandedOut): boolean {
  return tasks.some((given) => given.length > 0)
}
