import type { ApiKey, NewApiKey } from './api-key.js'
import type { Database, Statement } from './database.js'
import { apiKey } from './rows.js'
import { addApiKeySql, listApiKeysSql, noteApiKeyUseSql, revokeApiKeySql } from './statements/api-keys.js'

/** The keys of the API on PostgreSQL. What they open is for who asks for them to say. */
export class PostgresApiKeyList {
  readonly #database: Database
  readonly #add: Statement
  readonly #list: Statement
  readonly #revoke: Statement
  readonly #noteUse: Statement

  constructor(database: Database) {
    this.#database = database
    const { schema } = database
    this.#add = database.statement('add_api_key', addApiKeySql(schema))
    this.#list = database.statement('list_api_keys', listApiKeysSql(schema))
    this.#revoke = database.statement('revoke_api_key', revokeApiKeySql(schema))
    this.#noteUse = database.statement('note_api_key_use', noteApiKeyUseSql(schema))
  }

  /** @returns undefined when another that is not revoked has the name */
  async add({ id, name, scopes, secretHash, lifeMs }: NewApiKey): Promise<ApiKey | undefined> {
    const [row] = await this.#database.run(this.#add, [id, name, scopes, secretHash, lifeMs ?? null])
    return row === undefined ? undefined : apiKey(row)
  }

  /** Every one there has been, oldest first. */
  async list(): Promise<ApiKey[]> {
    return (await this.#database.run(this.#list, [])).map(apiKey)
  }

  /** @returns undefined when none that is not revoked has this name */
  async revoke(name: string): Promise<ApiKey | undefined> {
    const [row] = await this.#database.run(this.#revoke, [name])
    return row === undefined ? undefined : apiKey(row)
  }

  async noteUse(ids: readonly string[]): Promise<void> {
    await this.#database.run(this.#noteUse, [ids])
  }
}
