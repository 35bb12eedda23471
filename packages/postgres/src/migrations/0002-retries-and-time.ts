/**
 * What happens on failure and in time.
 *
 * - `task_list.expires_at` is the one moment at which the timekeeper looks at a task, whatever the reason: nobody has
 *   claimed it in time, or an attempt is over that nobody can take over. So its cost follows what is due.
 * - `pulse` has one row. While somebody keeps time it is young; when it has grown old, the database or all servers
 *   were away, and `calm_since` says when they came back.
 */
export function retriesAndTime(schema: string): string {
  return `
ALTER TABLE ${schema}.process
  ADD COLUMN key             text,
  ADD COLUMN deadline        timestamptz,
  ADD COLUMN paused_at       timestamptz,
  ADD COLUMN failure_of      uuid,
  ADD COLUMN failure_process uuid;
UPDATE ${schema}.process SET deadline = started_at + interval '365 days';
ALTER TABLE ${schema}.process ALTER COLUMN deadline SET NOT NULL;
CREATE UNIQUE INDEX process_by_key ON ${schema}.process (definition, key)
  WHERE key IS NOT NULL AND state IN ('running', 'paused');
CREATE INDEX process_by_deadline ON ${schema}.process (deadline) WHERE state = 'running';
CREATE INDEX process_by_end ON ${schema}.process (ended_at) WHERE ended_at IS NOT NULL;

ALTER TABLE ${schema}.history
  ADD COLUMN reason   text,
  ADD COLUMN retry_at timestamptz;

ALTER TABLE ${schema}.task_list
  ADD COLUMN paused              boolean     NOT NULL DEFAULT false,
  ADD COLUMN max_attempts        integer     NOT NULL DEFAULT 1,
  ADD COLUMN timeout_ms          bigint      NOT NULL DEFAULT 86400000,
  ADD COLUMN heartbeat_ms        bigint      NOT NULL DEFAULT 300000,
  ADD COLUMN schedule_timeout_ms bigint      NOT NULL DEFAULT 2592000000,
  ADD COLUMN within_ms           bigint,
  ADD COLUMN first_claimed_at    timestamptz,
  ADD COLUMN expires_at          timestamptz NOT NULL DEFAULT now() + interval '30 days';
-- What is on the board has its turn still. Workers who hold something are given a lease's time to come back.
UPDATE ${schema}.task_list
SET first_claimed_at = claimed_at,
  max_attempts = greatest(1, attempt + CASE WHEN worker IS NULL THEN 1 ELSE 0 END),
  claimable_at = CASE WHEN worker IS NULL THEN claimable_at
    ELSE greatest(claimable_at, now() + lease_ms * interval '1 millisecond') END,
  expires_at = CASE WHEN worker IS NULL THEN greatest(claimable_at, now()) + interval '30 days'
    ELSE greatest(claimable_at, now() + lease_ms * interval '1 millisecond') END;
CREATE INDEX task_list_by_expiry ON ${schema}.task_list (expires_at);
DROP INDEX ${schema}.task_list_by_name;
DROP INDEX ${schema}.task_list_by_turn;
CREATE INDEX task_list_by_name ON ${schema}.task_list (name, priority DESC, claimable_at) WHERE NOT paused;
CREATE INDEX task_list_by_turn ON ${schema}.task_list (priority DESC, claimable_at)
  WHERE attempt >= 0 AND NOT paused;

CREATE TABLE ${schema}.started_once (
  key          text        PRIMARY KEY,
  request_hash text        NOT NULL,
  process_id   uuid        NOT NULL,
  at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX started_once_by_age ON ${schema}.started_once (at);

CREATE TABLE ${schema}.pulse (
  single     boolean     PRIMARY KEY DEFAULT true CHECK (single),
  beat_at    timestamptz NOT NULL,
  calm_since timestamptz NOT NULL
);

-- '' stands for any name.
CREATE TABLE ${schema}.poll (
  name text        PRIMARY KEY,
  at   timestamptz NOT NULL
);
`
}
