import { escapeIdentifier, type ClientBase, type Pool } from 'pg'

/** Sets back every moment that a schema holds: to its store, so much time has passed. */
export async function skipTime(database: Pool | ClientBase, schema: string, ms: number): Promise<void> {
  const { rows } = await database.query<{ table: string; columns: string[] }>(
    `SELECT table_name::text AS table, array_agg(column_name::text) AS columns FROM information_schema.columns
     WHERE table_schema = $1 AND data_type = 'timestamp with time zone' GROUP BY table_name`,
    [schema],
  )
  const statements = rows.map(({ table, columns }) => {
    const set = columns.map((column) => `${column} = ${column} - ${ms} * interval '1 millisecond'`)
    return `UPDATE ${escapeIdentifier(schema)}.${table} SET ${set.join(', ')}`
  })
  await database.query(statements.join(';\n'))
}
