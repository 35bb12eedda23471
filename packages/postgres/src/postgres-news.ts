import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { News } from '@tunacorn/core'
import type { Database, Statement } from './database.js'

/** However much is new, the others are told so often at most. */
const tellEveryMs = 20
/** What is told through another connection arrives within; else a pooler stands between, and nothing ever will. */
const arrivesWithinMs = 5_000
const pauseMs = 1_000

/** News by `NOTIFY`, which says nothing but who tells: what is new is read from the board. */
export class PostgresNews implements News {
  readonly #database: Database
  readonly #channel: string
  readonly #notify: Statement
  readonly #me = randomUUID()
  readonly #closing = new AbortController()
  #hasMore = false
  #telling: Promise<void> | undefined
  #listening: Promise<void> | undefined

  constructor(database: Database) {
    this.#database = database
    // Channels are of the whole database, and their names are short.
    this.#channel = `tunacorn_${createHash('sha256').update(database.schema).digest('hex').slice(0, 16)}`
    this.#notify = database.statement('notify', 'SELECT pg_notify($1, $2)')
  }

  tell(): void {
    this.#hasMore = true
    this.#telling ??= this.#tellAll()
  }

  listen(onNews: () => void): void {
    this.#listening ??= this.#listenAgainAndAgain(onNews)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([this.#telling, this.#listening])
  }

  async #tellAll(): Promise<void> {
    while (this.#hasMore && !this.#closing.signal.aborted) {
      this.#hasMore = false
      // Who is not told looks by itself before long.
      await this.#send().catch(() => undefined)
      await this.#pause(tellEveryMs)
    }
    this.#telling = undefined
  }

  async #send(): Promise<void> {
    await this.#database.run(this.#notify, [this.#channel, this.#me])
  }

  async #listenAgainAndAgain(onNews: () => void): Promise<void> {
    let isReached = true
    while (isReached && !this.#closing.signal.aborted) {
      // That the database is away is said by those who need it.
      isReached = await this.#listenOnce(onNews).catch(() => true)
      await this.#pause(pauseMs)
    }
  }

  /** Until its connection ends. @returns whether news reach it, as far as is known. */
  async #listenOnce(onNews: () => void): Promise<boolean> {
    const end = new AbortController()
    const connection = await this.#database.connect(() => end.abort())
    connection.on('end', () => end.abort())
    const ended = aborted(AbortSignal.any([this.#closing.signal, end.signal]))
    try {
      const reached = new Promise<'reached'>((resolve) => {
        connection.on('notification', ({ payload }) => {
          resolve('reached')
          if (payload !== this.#me) onNews()
        })
      })
      await this.#database.control(connection, `LISTEN ${this.#channel}`)
      await this.#send()
      const first = await Promise.race([reached, ended, this.#pause(arrivesWithinMs)])
      if (first === 'reached') {
        // What came before, and since the connection before this one, has been missed.
        onNews()
        await ended
      }
      return first !== undefined
    } finally {
      // Whoever had it next would hear what it still listens to.
      connection.release(true)
    }
  }

  /** A while, or until this closes. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined)
  }
}

async function aborted(signal: AbortSignal): Promise<'ended'> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  return 'ended'
}
