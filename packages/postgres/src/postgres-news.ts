import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { News } from '@tunacorn/core'
import type pg from 'pg'
import type { Database, Statement } from './database.js'

/** However much is new, the others are told so often at most. */
const tellEveryMs = 20
/** However many tell, it is passed on so often at most: each time the board is looked at. */
const passOnEveryMs = 50
const tryAgainMs = 1_000

/** News by `NOTIFY`, which says nothing but who tells: what is new is read from the board. */
export class PostgresNews implements News {
  readonly #database: Database
  readonly #channel: string
  readonly #notify: Statement
  readonly #me = randomUUID()
  readonly #listeners = new Set<() => void>()
  readonly #telling = new Coalesced(tellEveryMs, () => this.#send())
  readonly #hearing = new Coalesced(passOnEveryMs, () => this.#passOn())
  /** Aborted when nobody listens any more. */
  #listening: AbortController | undefined
  /** Through a pooler that hands each transaction another session nothing would come; and sessions would listen for ever. */
  #isPoolerBetween = false

  constructor(database: Database) {
    this.#database = database
    // Channels are of the whole database, and their names are short.
    this.#channel = `tunacorn_${createHash('sha256').update(database.schema).digest('hex').slice(0, 16)}`
    this.#notify = database.statement('notify', 'SELECT pg_notify($1, $2)')
  }

  tell(): void {
    if (!this.#isPoolerBetween) this.#telling.ask()
  }

  listen(onNews: () => void): () => void {
    this.#listeners.add(onNews)
    if (this.#listening === undefined) {
      this.#listening = new AbortController()
      void this.#listenAgainAndAgain(this.#listening.signal)
    }
    return () => {
      this.#listeners.delete(onNews)
      if (this.#listeners.size === 0) this.close()
    }
  }

  /** Waits for nothing: whatever is under way is given up. */
  close(): void {
    this.#listening?.abort()
    this.#listening = undefined
  }

  async #send(): Promise<void> {
    // Who is not told looks by himself before long.
    await this.#database.run(this.#notify, [this.#channel, this.#me]).catch(() => undefined)
  }

  #passOn(): void {
    for (const onNews of this.#listeners) onNews()
  }

  async #listenAgainAndAgain(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted && !this.#isPoolerBetween) {
      // That the database is away is said by those who need it.
      await this.#listenOnce(stopped).catch(() => undefined)
      await sleep(tryAgainMs, undefined, { signal: stopped, ref: false }).catch(() => undefined)
    }
  }

  /** Until its connection ends, or nobody listens any more. */
  async #listenOnce(stopped: AbortSignal): Promise<void> {
    const broken = new AbortController()
    const over = aborted(AbortSignal.any([stopped, broken.signal]))
    const connecting = this.#database.connect(() => broken.abort())
    const connection = await Promise.race([connecting, over])
    if (connection === undefined) {
      // One that comes after all is nobody's.
      void connecting.then((late) => late.release(true)).catch(() => undefined)
      return
    }
    try {
      connection.on('end', () => broken.abort())
      connection.on('notification', ({ payload }) => {
        if (payload !== this.#me) this.#hearing.ask()
      })
      if ((await Promise.race([this.#begin(connection), over])) === 'listening') await over
    } finally {
      // Whoever had it next would hear what it still listens to.
      connection.release(true)
    }
  }

  async #begin(connection: pg.PoolClient): Promise<'listening' | undefined> {
    const [row] = await this.#database.control(connection, 'SELECT pg_backend_pid() AS pid')
    this.#isPoolerBetween = row?.['pid'] !== (connection as { readonly processID?: number }).processID
    if (this.#isPoolerBetween) return undefined
    await this.#database.control(connection, `LISTEN ${this.#channel}`)
    // What came before, and since the connection before this one, has been missed.
    this.#hearing.ask()
    return 'listening'
  }
}

/** Does something when it is asked to: at once, and once in so many milliseconds at most, however often it is asked. */
class Coalesced {
  readonly #everyMs: number
  readonly #act: () => void | Promise<void>
  #isAsked = false
  #isBusy = false

  constructor(everyMs: number, act: () => void | Promise<void>) {
    this.#everyMs = everyMs
    this.#act = act
  }

  ask(): void {
    this.#isAsked = true
    if (!this.#isBusy) void this.#run()
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    while (this.#isAsked) {
      this.#isAsked = false
      await this.#act()
      await sleep(this.#everyMs, undefined, { ref: false })
    }
    this.#isBusy = false
  }
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  return undefined
}
