import type { DatabaseSettings } from '@tunacorn/postgres'
import { finding, type Finding } from './finding.js'

const oldestVersion = 15

/** Whether a database keeps what is promised, by its settings. */
export function settingFindings(settings: DatabaseSettings): Finding[] {
  const { version, versionNumber, fsync, fullPageWrites, synchronousCommit, defaultIsolation, autovacuum } =
    settings
  return [
    finding('version', versionNumber >= oldestVersion * 10_000, {
      well: `PostgreSQL ${version}`,
      wrong: `PostgreSQL ${version} is older than ${oldestVersion}`,
      remedy: `Upgrade to ${oldestVersion} or newer.`,
    }),
    finding('fsync', fsync, {
      well: 'fsync is on: what was answered is on disk',
      wrong:
        'fsync is off: when the machine fails, what was answered is lost, and perhaps the whole database',
      remedy: 'Set fsync = on in postgresql.conf, and reload.',
    }),
    finding('full-page-writes', fullPageWrites, {
      well: 'full_page_writes is on',
      wrong: 'full_page_writes is off: when the machine fails, pages may be left half written',
      remedy: 'Set full_page_writes = on in postgresql.conf, and reload.',
    }),
    finding('synchronous-commit', synchronousCommit !== 'off', {
      well: `synchronous_commit is ${synchronousCommit}`,
      wrong: 'synchronous_commit is off: what was answered in the last moments may be lost',
      remedy: 'Set it to on, in postgresql.conf or for the user: ALTER ROLE … SET synchronous_commit = on.',
    }),
    finding('isolation', defaultIsolation === 'read committed', {
      well: 'transactions are read committed, as they should be',
      wrong: `default_transaction_isolation is ${defaultIsolation}: statements that wait for one another fail`,
      remedy: "Set it back: ALTER ROLE … SET default_transaction_isolation = 'read committed'.",
    }),
    finding('autovacuum', autovacuum, {
      well: 'autovacuum is on',
      wrong: 'autovacuum is off: the tables grow, and get slower',
      remedy: 'Set autovacuum = on and track_counts = on in postgresql.conf, and reload.',
    }),
  ]
}
