/** What the event that ends a process says of that end. */
export function endings(schema: string): string {
  return `
ALTER TABLE ${schema}.history
  -- Attempts that it left without an end of their own: [{ task, attempts }].
  ADD COLUMN unfinished      jsonb,
  -- Of the process that was started by it to clean up.
  ADD COLUMN failure_process uuid;
`
}
