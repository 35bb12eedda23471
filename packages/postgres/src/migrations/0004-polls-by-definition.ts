/**
 * `poll` tells claims for one definition from claims for any (''), and is tidied by age. What it held so far said less
 * than that, and is soon there again.
 */
export function pollsByDefinition(schema: string): string {
  return `
DELETE FROM ${schema}.poll;
ALTER TABLE ${schema}.poll
  ADD COLUMN definition text NOT NULL DEFAULT '',
  DROP CONSTRAINT poll_pkey,
  ADD PRIMARY KEY (name, definition);
CREATE INDEX poll_by_age ON ${schema}.poll (at);
`
}
