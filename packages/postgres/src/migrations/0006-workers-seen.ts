/** Which workers have asked for tasks, and when last: for people to read. */
export function workersSeen(schema: string): string {
  return `
CREATE TABLE ${schema}.worker_seen (
  worker text        PRIMARY KEY,
  at     timestamptz NOT NULL
);
CREATE INDEX worker_seen_by_age ON ${schema}.worker_seen (at);
`
}
