import { createHash } from 'node:crypto'
import type { DefinitionList, DefinitionSummary, NewDefinition, StoredDefinition } from '@tunacorn/core'
import type { Database, Row, Statement } from './database.js'
import { definitionSummary, storedDefinition } from './rows.js'
import {
  defaultWithoutSql,
  fetchDefinitionSql,
  holdDefinitionSql,
  listDefinitionsSql,
  listDefinitionVersionsSql,
  registerDefinitionSql,
  removeDefinitionSql,
  takeTurnSql,
} from './statements/definitions.js'

const uniqueViolation = '23505'

/** Definitions on PostgreSQL. */
export class PostgresDefinitionList implements DefinitionList {
  readonly store: Database
  readonly #register: Statement
  readonly #fetch: Statement
  readonly #defaultWithout: Statement
  readonly #list: Statement
  readonly #versions: Statement
  readonly #hold: Statement
  readonly #remove: Statement
  readonly #takeTurn: Statement
  #isFree: Promise<unknown> = Promise.resolve()

  constructor(database: Database) {
    this.store = database
    const { schema } = database
    this.#register = database.statement('register_definition', registerDefinitionSql(schema))
    this.#fetch = database.statement('fetch_definition', fetchDefinitionSql(schema))
    this.#defaultWithout = database.statement('default_definition_without', defaultWithoutSql(schema))
    this.#list = database.statement('list_definitions', listDefinitionsSql(schema))
    this.#versions = database.statement('list_definition_versions', listDefinitionVersionsSql(schema))
    this.#hold = database.statement('hold_definition', holdDefinitionSql(schema))
    this.#remove = database.statement('remove_definition', removeDefinitionSql(schema))
    this.#takeTurn = database.statement('take_definition_turn', takeTurnSql())
  }

  within(transaction: unknown): PostgresDefinitionList {
    return new PostgresDefinitionList(this.store.within(transaction))
  }

  async register(added: NewDefinition): Promise<{ stored: DefinitionSummary; created: boolean }> {
    const { name, definition, source, format } = added
    const hash = createHash('sha256').update(source).digest()
    const values = [
      name,
      definition.description ?? null,
      definition.tasks.length,
      hash,
      format,
      source,
      JSON.stringify(definition),
    ]
    const row = await this.#insert(values)
    return { stored: definitionSummary(row), created: row['created'] as boolean }
  }

  async fetch(name: string, version?: number): Promise<StoredDefinition | undefined> {
    const [row] = await this.store.run(this.#fetch, [name, version ?? null])
    return row === undefined ? undefined : storedDefinition(row)
  }

  async defaultWithout(name: string, version: number): Promise<StoredDefinition | undefined> {
    const [row] = await this.store.run(this.#defaultWithout, [name, version])
    return row === undefined ? undefined : storedDefinition(row)
  }

  async list(page: {
    readonly afterName?: string | undefined
    readonly limit: number
  }): Promise<DefinitionSummary[]> {
    const rows = await this.store.run(this.#list, [page.afterName ?? null, page.limit])
    return rows.map(definitionSummary)
  }

  async versions(
    name: string,
    page: { readonly beforeVersion?: number | undefined; readonly limit: number },
  ): Promise<DefinitionSummary[]> {
    const rows = await this.store.run(this.#versions, [name, page.beforeVersion ?? null, page.limit])
    return rows.map(definitionSummary)
  }

  async remove(name: string, version: number): Promise<'removed' | 'in-use' | 'not-found'> {
    return this.store.transaction(async (connection) => {
      const held = await this.store.runOn(connection, this.#hold, [name, version])
      if (held.length === 0) return 'not-found'
      const removed = await this.store.runOn(connection, this.#remove, [name, version])
      return removed.length === 0 ? 'in-use' : 'removed'
    })
  }

  /** One after another already here: those who wait for their turn must not use up the connections of the pool. */
  async exclusively<T>(body: (list: DefinitionList) => Promise<T>): Promise<T> {
    const turn = this.#isFree.then(() =>
      this.store.transaction(async (connection) => {
        await this.store.runOn(connection, this.#takeTurn, [`definitions of ${this.store.schema}`])
        return body(this.within(connection))
      }),
    )
    this.#isFree = turn.catch(() => {})
    return turn
  }

  /** Sent again when another has just registered the same text: it is then found. Not where an error ends it all. */
  async #insert(values: unknown[]): Promise<Row> {
    for (;;) {
      try {
        const [row] = await this.store.run(this.#register, values)
        if (row !== undefined) return row
      } catch (error) {
        const isKnownNow = (error as { code?: unknown }).code === uniqueViolation
        if (!isKnownNow || this.store.isWithin) throw error
      }
    }
  }
}
