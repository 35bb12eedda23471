import { apiKeyColumns } from '../rows.js'

/** Nothing where another that is not revoked has the name. */
export function addApiKeySql(schema: string): string {
  return `
INSERT INTO ${schema}.api_key AS k (id, name, scopes, secret_hash, expires_at)
VALUES ($1, $2, $3, $4, now() + $5 * interval '1 ms')
ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
RETURNING ${apiKeyColumns}`
}

/** All of them: they are few, and one small query now and then costs less than one for each request. */
export function listApiKeysSql(schema: string): string {
  return `SELECT ${apiKeyColumns} FROM ${schema}.api_key k ORDER BY k.created_at, k.id`
}

/** Nothing where no key that could still be revoked has the name. */
export function revokeApiKeySql(schema: string): string {
  return `
UPDATE ${schema}.api_key k SET revoked_at = now()
WHERE k.name = $1 AND k.revoked_at IS NULL
RETURNING ${apiKeyColumns}`
}

export function noteApiKeyUseSql(schema: string): string {
  return `UPDATE ${schema}.api_key SET last_used_at = now() WHERE id = ANY($1)`
}
