import { timingSafeEqual } from 'node:crypto'
import type { Logger } from 'pino'
import type { ApiKey, PostgresApiKeyList } from '@tunacorn/postgres'
import { hashOf, partsOf } from './bearer-key.js'
import type { FixedKey } from './fixed-keys.js'

/** How long what was read of the keys is relied upon: a key that is revoked opens nothing after that. */
export const keysFreshMs = 2_000

/** How often it is written down that a key is used. */
const noteUseMs = 60_000

export interface KeyRingOptions {
  readonly fixed: readonly FixedKey[]
  readonly stored: Pick<PostgresApiKeyList, 'list' | 'noteUse'>
  readonly logger: Logger
  /** In milliseconds; only differences count. */
  readonly now?: () => number
}

export type Holder =
  | { readonly state: 'live'; readonly name: string; readonly scopes: readonly string[] }
  | { readonly state: 'unknown' | 'expired' | 'revoked' }

/** All keys that open something here: those that are stored, and those that were given at the start. */
export class KeyRing {
  readonly #fixed: readonly FixedKey[]
  readonly #stored: KeyRingOptions['stored']
  readonly #logger: Logger
  readonly #now: () => number
  readonly #used = new Set<string>()
  #usedAt = -Infinity
  #keys: ReadonlyMap<string, ApiKey> = new Map()
  #readAt = -Infinity
  #reading: Promise<void> | undefined
  #isAsking: boolean

  constructor({ fixed, stored, logger, now = () => performance.now() }: KeyRingOptions) {
    this.#fixed = fixed
    this.#stored = stored
    this.#logger = logger
    this.#now = now
    this.#isAsking = fixed.length > 0
  }

  /**
   * Whether a key is asked for: as soon as there has ever been one. It stays so, also when the last one is revoked, or
   * somebody takes them away.
   *
   * @throws TunaCornError `unavailable`
   */
  isAsking(): boolean | Promise<boolean> {
    // Asked with each request.
    return this.#isFresh ? this.#isAsking : this.#bringUpToDate().then(() => this.#isAsking)
  }

  /** @throws TunaCornError `unavailable` */
  async holderOf(key: string): Promise<Holder> {
    await this.#bringUpToDate()
    return this.#storedHolder(key) ?? this.#fixedHolder(key) ?? { state: 'unknown' }
  }

  /** Writes down what is left to be written. */
  async close(): Promise<void> {
    await this.#noteUse()
  }

  #storedHolder(key: string): Holder | undefined {
    const { id = '', secretHash } = partsOf(key) ?? {}
    const found = this.#keys.get(id)
    if (found === undefined || secretHash === undefined || !timingSafeEqual(found.secretHash, secretHash))
      return undefined
    if (found.state !== 'live') return { state: found.state }
    this.#used.add(found.id)
    return { state: 'live', name: found.name, scopes: found.scopes }
  }

  /** Compared with all, so that the time tells nothing. */
  #fixedHolder(key: string): Holder | undefined {
    const hash = hashOf(key)
    const [found] = this.#fixed.filter(({ secretHash }) => timingSafeEqual(secretHash, hash))
    return found && { state: 'live', name: found.name, scopes: found.scopes }
  }

  get #isFresh(): boolean {
    return this.#now() - this.#readAt < keysFreshMs
  }

  /** Asked for by many at once, it reads once. What could not be read is asked for again by the next. */
  async #bringUpToDate(): Promise<void> {
    if (this.#isFresh) return
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  async #read(): Promise<void> {
    const at = this.#now()
    if (at - this.#usedAt >= noteUseMs) void this.#noteUse()
    const keys = await this.#stored.list()
    if (!this.#isAsking && keys.length > 0) this.#logger.info('Requests need an access key')
    this.#isAsking ||= keys.length > 0
    this.#keys = new Map(keys.map((key) => [key.id, key]))
    this.#readAt = at
  }

  async #noteUse(): Promise<void> {
    if (this.#used.size === 0) return
    const ids = [...this.#used]
    this.#used.clear()
    this.#usedAt = this.#now()
    try {
      await this.#stored.noteUse(ids)
    } catch (error) {
      this.#logger.debug({ err: error }, 'Could not write down which keys are used')
    }
  }
}
