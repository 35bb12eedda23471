import { definitionColumns } from '../rows.js'

/**
 * A new version, or another turn for the version with this very text. The row of the name makes those who register
 * under it take turns. Two that bring the same new text at once: the second fails with a unique violation, is sent
 * again and finds it.
 */
export function registerDefinitionSql(schema: string): string {
  return `
WITH known AS (
  UPDATE ${schema}.definition d SET turn = DEFAULT, registered_at = now()
  WHERE d.name = $1 AND d.hash = $4
  RETURNING ${definitionColumns}
),
numbered AS (
  INSERT INTO ${schema}.definition_name AS n (name, last_version)
  SELECT $1, 1 WHERE NOT EXISTS (SELECT FROM known)
  ON CONFLICT (name) DO UPDATE SET last_version = n.last_version + 1
  RETURNING last_version
),
added AS (
  INSERT INTO ${schema}.definition AS d
    (name, version, description, task_count, hash, format, source, content)
  SELECT $1, last_version, $2, $3, $4, $5, $6, $7 FROM numbered
  RETURNING ${definitionColumns}
)
SELECT known.*, false AS created FROM known UNION ALL SELECT added.*, true FROM added`
}

export function fetchDefinitionSql(schema: string): string {
  return `
SELECT ${definitionColumns}, d.content, d.source, d.format FROM ${schema}.definition d
WHERE d.name = $1 AND ($2::int IS NULL OR d.version = $2)
ORDER BY d.turn DESC LIMIT 1`
}

export function defaultWithoutSql(schema: string): string {
  return `
SELECT ${definitionColumns}, d.content, d.source, d.format FROM ${schema}.definition d
WHERE d.name = $1 AND d.version <> $2
ORDER BY d.turn DESC LIMIT 1`
}

export function listDefinitionsSql(schema: string): string {
  return `
SELECT DISTINCT ON (d.name) ${definitionColumns} FROM ${schema}.definition d
WHERE $1::text IS NULL OR d.name > $1
ORDER BY d.name, d.turn DESC LIMIT $2`
}

export function listDefinitionVersionsSql(schema: string): string {
  return `
SELECT ${definitionColumns} FROM ${schema}.definition d
WHERE d.name = $1 AND ($2::int IS NULL OR d.version < $2)
ORDER BY d.version DESC LIMIT $3`
}

/**
 * One at a time, until the end of the transaction. It ends with that, so a pooler may stand between; a row lock would
 * have no row to begin with, and one on the table would keep those waiting who have nothing to fear from one another.
 */
export function takeTurnSql(): string {
  return `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`
}

/** The lock waits for starts that hold the definition; the process that they leave behind is then seen. */
export function holdDefinitionSql(schema: string): string {
  return `SELECT version FROM ${schema}.definition WHERE name = $1 AND version = $2 FOR UPDATE`
}

export function removeDefinitionSql(schema: string): string {
  return `
DELETE FROM ${schema}.definition
WHERE name = $1 AND version = $2
  AND NOT EXISTS (SELECT FROM ${schema}.process WHERE definition = $1 AND definition_version = $2)
RETURNING version`
}
