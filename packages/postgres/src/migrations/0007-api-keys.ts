/** Who may ask. Revoked keys stay: who has ever had keys is not open again because the last one has gone. */
export function apiKeys(schema: string): string {
  return `
CREATE TABLE ${schema}.api_key (
  id           text PRIMARY KEY,
  name         text NOT NULL,
  scopes       text[] NOT NULL,
  -- SHA-256. The secret itself is kept nowhere.
  secret_hash  bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz
);
CREATE UNIQUE INDEX api_key_by_name ON ${schema}.api_key (name) WHERE revoked_at IS NULL;
`
}
