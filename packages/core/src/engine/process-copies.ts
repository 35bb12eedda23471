import type { FetchedProcess, ProcessList } from '../lists/process-list.js'
import type { ProcessEvent } from '../process/events.js'
import type { KnownDefinitions } from './known-definitions.js'
import type { ProcessCache, ProcessCopy } from './process-cache.js'
import type { Errand } from './work.js'
import { TunaCornError } from '../errors.js'
import { apply } from '../process/apply.js'
import { ProcessState } from '../process/state.js'

/** Errands by the process that they are for. */
export type ErrandGroups = ReadonlyMap<string, readonly Errand[]>

export interface CurrentCopies {
  readonly copies: Map<string, ProcessCopy>
  /** Those that hold everything that is in the store by now; the others may be behind. */
  readonly upToDate: ReadonlySet<string>
}

export interface ProcessCopiesParts {
  readonly processList: ProcessList
  readonly definitions: KnownDefinitions
  readonly cache: ProcessCache
}

/** Gets the copies that a round needs: from the cache, caught up by newer events, or replayed from the first one. */
export class ProcessCopies {
  readonly #parts: ProcessCopiesParts
  /** What is about to be read for those who only look, and the reading of it. */
  readonly #wanted = new Set<string>()
  #reading: Promise<void> | undefined

  constructor(parts: ProcessCopiesParts) {
    this.#parts = parts
  }

  /** The copy that there is of a process, for who only looks: at what its lane has not committed yet, perhaps. */
  atHand(id: string): ProcessCopy | undefined {
    return this.#parts.cache.get(id)
  }

  /**
   * Reads what there is no copy of, all in one go, for who looks at what does not change any more: no lane is kept from
   * its commits by it. What cannot be read, or not be understood, is left out: who then asks its lane hears why.
   */
  async haveAtHand(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => this.#parts.cache.get(id) === undefined)
    if (missing.length === 0) return
    for (const id of missing) this.#wanted.add(id)
    // Many who claim one task each are given theirs at the same time: they read together.
    this.#reading ??= Promise.resolve().then(() => this.#readWanted())
    await this.#reading
  }

  async #readWanted(): Promise<void> {
    const reads = [...this.#wanted].map((id) => ({ id, afterVersion: 0 }))
    this.#wanted.clear()
    this.#reading = undefined
    const { cache, processList } = this.#parts
    const fetched = await processList.fetch(reads).catch(() => [])
    for (const found of fetched) {
      if (found === undefined) continue
      const copy = await this.#copyOf(found, undefined, [])
      // Its lane may have put a later one there meanwhile.
      if (copy !== undefined && cache.get(copy.record.id) === undefined) cache.put(copy.record.id, copy)
    }
  }

  /** Copies of all processes asked for that exist; which of them hold everything that is in the store by now. */
  async bringUpToDate(groups: ErrandGroups, fresh: boolean): Promise<CurrentCopies> {
    const copies = new Map<string, ProcessCopy>()
    const reads: { id: string; afterVersion: number }[] = []
    for (const [id, errands] of groups) {
      if (errands.every(({ work }) => work.kind === 'start')) continue
      const copy = this.#parts.cache.get(id)
      if (copy !== undefined) copies.set(id, copy)
      const looks = errands.some(({ work }) => work.kind === 'look')
      if (copy === undefined || fresh || looks) reads.push({ id, afterVersion: copy?.state.version ?? 0 })
    }
    const upToDate = new Set(reads.map(({ id }) => id))
    const fetched = reads.length === 0 ? [] : await this.#parts.processList.fetch(reads)
    for (const [index, { id }] of reads.entries()) {
      const known = copies.get(id)
      copies.delete(id)
      this.#parts.cache.drop(id)
      const found = fetched[index]
      const copy = found === undefined ? undefined : await this.#copyOf(found, known, groups.get(id) ?? [])
      if (copy === undefined) continue
      copies.set(id, copy)
      this.#parts.cache.put(id, copy)
    }
    return { copies, upToDate }
  }

  /** Refuses those who wait for a process that cannot be understood; the others of the round go on. */
  async #copyOf(
    found: FetchedProcess,
    known: ProcessCopy | undefined,
    errands: readonly Errand[],
  ): Promise<ProcessCopy | undefined> {
    try {
      return advance(known ?? (await this.#emptyCopy(found)), found)
    } catch (error) {
      for (const { refuse } of errands) refuse(error)
      return undefined
    }
  }

  async #emptyCopy({ record }: FetchedProcess): Promise<ProcessCopy> {
    const known = await this.#parts.definitions.version(record.definition, record.definitionVersion)
    if (known === undefined) {
      throw new TunaCornError(
        'internal',
        `Expected process ${record.id} to have its definition ${JSON.stringify(record.definition)} version ${record.definitionVersion} beside it, but that is gone.`,
      )
    }
    return { record, state: new ProcessState(known) }
  }
}

/** Lets what the store has happen to a copy that was behind. The copy's state is changed in place. */
export function advance({ state }: ProcessCopy, { record, events }: FetchedProcess): ProcessCopy {
  // The store keeps what this code wrote; a type that is not known is for `apply` to refuse.
  for (const { type, task } of events) apply(state, { type, task } as ProcessEvent)
  return { record, state }
}
