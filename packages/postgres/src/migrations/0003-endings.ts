/** What the event that ends a process says of that end. */
export function endings(schema: string): string {
  return `
ALTER TABLE ${schema}.history
  -- Of the process that was started by it to clean up.
  ADD COLUMN failure_process uuid;
`
}
