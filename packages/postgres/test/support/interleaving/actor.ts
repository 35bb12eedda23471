import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg'

type Query = (config: QueryConfig | string, values?: readonly unknown[]) => Promise<QueryResult>
type Callback = (error: unknown, result?: QueryResult) => void

/** What an actor is about to do in the database. */
interface Turn {
  readonly what: string
  readonly take: () => void
}

/**
 * One side of an interleaving: a pool, and whoever works with it. While it is on stage, each thing that it does in the
 * database waits for its turn: each statement, and the commit of each one that is a transaction by itself, so that what
 * others do meanwhile can be tried.
 */
export class Actor {
  readonly name: string
  readonly pool: Pool
  /** Called when it waits for a turn, and when it is done. */
  onSettled = (): void => {}
  outcome: string | undefined
  /** What the database has refused it. */
  readonly errors: unknown[] = []
  /** How often it has asked for a turn, or been done with one. */
  changes = 0
  readonly #turns: Turn[] = []
  #isOnStage = false
  readonly #busy = new Set<number>()

  constructor(name: string, pool: Pool) {
    this.name = name
    this.pool = pool
    pool.on('connect', (client) => this.#watch(client))
  }

  /** The backends whose answers it waits for. */
  get busy(): readonly number[] {
    return [...this.#busy]
  }

  /** What waits for its turn. */
  get next(): string | undefined {
    return this.#turns[0]?.what
  }

  enter(play: () => Promise<string>): void {
    this.outcome = undefined
    this.#isOnStage = true
    void this.#play(play)
  }

  takeTurn(): void {
    this.#turns.shift()?.take()
  }

  /** From now on it waits for nobody. */
  leave(): void {
    this.#isOnStage = false
    for (const { take } of this.#turns.splice(0)) take()
  }

  async #play(play: () => Promise<string>): Promise<void> {
    this.outcome = await play().catch(String)
    this.#isOnStage = false
    this.onSettled()
  }

  #watch(client: PoolClient): void {
    const backend = (client as unknown as { processID: number }).processID
    const send = client.query.bind(client) as Query
    const session = new Session(send, (what, action) => this.#turn(what, backend, action))
    const query = (config: QueryConfig | string, values?: unknown[] | Callback, callback?: Callback) => {
      // A pool asks with a callback.
      const done = typeof values === 'function' ? values : callback
      const given = typeof values === 'function' ? undefined : values
      const isTurn = this.#isOnStage && !isAside.test(nameOf(config))
      const sent = isTurn ? session.send(config, given) : send(config, given)
      if (done === undefined) return sent
      void answer(sent, done)
      return undefined
    }
    client.query = query as typeof client.query
  }

  async #turn<T>(what: string, backend: number, action: () => Promise<T>): Promise<T> {
    await new Promise<void>((take) => {
      this.#turns.push({ what, take })
      this.changes += 1
      this.onSettled()
    })
    this.#busy.add(backend)
    try {
      return await action()
    } catch (error) {
      this.errors.push(error)
      throw error
    } finally {
      this.#busy.delete(backend)
      this.changes += 1
    }
  }
}

/** What an engine notes down, or looks for, now and then by timers of its own, whatever it is asked. */
const isAside = /^((note|forget)_(polls|workers)|claimable_names|any_claimable)$/

async function answer(sent: Promise<QueryResult>, done: Callback): Promise<void> {
  let result: QueryResult
  try {
    result = await sent
  } catch (error) {
    done(error)
    return
  }
  done(null, result)
}

/** A connection on which each statement, and each commit, is a turn. */
class Session {
  readonly #send: Query
  readonly #turn: <T>(what: string, action: () => Promise<T>) => Promise<T>
  #isInTransaction = false

  constructor(send: Query, turn: <T>(what: string, action: () => Promise<T>) => Promise<T>) {
    this.#send = send
    this.#turn = turn
  }

  async send(config: QueryConfig | string, values?: readonly unknown[]): Promise<QueryResult> {
    const what = nameOf(config)
    if (/^(BEGIN|COMMIT|ROLLBACK)/.test(what)) {
      this.#isInTransaction = what.startsWith('BEGIN')
      // A beginning touches nothing.
      if (this.#isInTransaction) return this.#send(config, values)
      return this.#turn(what, () => this.#send(config, values))
    }
    if (this.#isInTransaction) return this.#turn(what, () => this.#send(config, values))
    const { result, isOpen } = await this.#turn(what, () => this.#sendOpenly(config, values))
    if (isOpen) await this.#turn(`${what} is committed`, () => this.#send('COMMIT'))
    return result
  }

  /** Leaves its transaction open, unless it has neither written nor locked anything. */
  async #sendOpenly(config: QueryConfig | string, values?: readonly unknown[]) {
    await this.#send('BEGIN')
    try {
      const result = await this.#send(config, values)
      const { rows } = await this.#send('SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS is_open')
      const isOpen = (rows as { is_open: boolean }[])[0]?.is_open ?? false
      if (!isOpen) await this.#send('COMMIT')
      return { result, isOpen }
    } catch (error) {
      await this.#send('ROLLBACK')
      throw error
    }
  }
}

function nameOf(config: QueryConfig | string): string {
  if (typeof config === 'string') return config
  return config.name?.replace(/^tunacorn_(.*)_[0-9a-f]+$/, '$1') ?? config.text.trim().slice(0, 40)
}
