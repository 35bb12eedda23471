import { PostgresStore } from '@tunacorn/postgres'
import { escapeIdentifier, type Pool } from 'pg'

/** Schemas that are migrated and empty, used again and again: to make one takes longer than most tests do. */
export class EmptySchemas {
  readonly #pool: Pool
  readonly #free: string[] = []
  #made = 0

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async take(): Promise<string> {
    return this.#free.pop() ?? (await this.#make())
  }

  async giveBack(schema: string): Promise<void> {
    const { rows } = await this.#pool.query<{ name: string }>(
      `SELECT tablename::text AS name FROM pg_tables WHERE schemaname = $1 AND tablename <> 'migration'`,
      [schema],
    )
    // Quicker than TRUNCATE where there are few rows.
    await this.#pool.query(
      rows.map(({ name }) => `DELETE FROM ${escapeIdentifier(schema)}.${name}`).join(';\n'),
    )
    this.#free.push(schema)
  }

  async #make(): Promise<string> {
    this.#made += 1
    const schema = `world ${this.#made}`
    const store = new PostgresStore(this.#pool, { schema })
    await store.migrate()
    await store.close()
    return schema
  }
}
