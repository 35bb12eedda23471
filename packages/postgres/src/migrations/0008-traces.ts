/** What each process continues the trace of, for its tasks to go on from there. */
export function traces(schema: string): string {
  return `ALTER TABLE ${schema}.process ADD COLUMN traceparent text;`
}
