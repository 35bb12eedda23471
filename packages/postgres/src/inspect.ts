import type { ProcessRecord } from '@tunacorn/core'
import type { Database, Row } from './database.js'
import { migrations } from './migrations/index.js'
import {
  oldestSnapshotSql,
  schemaTablesSql,
  schemaVersionSql,
  settingsSql,
  timekeepingSql,
  unclaimedSql,
} from './statements/inspection.js'

/** What the promises rest on. */
export interface DatabaseSettings {
  /** The database's clock. */
  readonly now: Date
  /** As it calls itself, such as `15.8`. */
  readonly version: string
  /** `150008` for 15.8. */
  readonly versionNumber: number
  readonly fsync: boolean
  readonly fullPageWrites: boolean
  /** `on`, `off`, `local`, `remote_write` or `remote_apply`. */
  readonly synchronousCommit: string
  /** `read committed`, if nobody has changed it. */
  readonly defaultIsolation: string
  /** Whether dead rows are removed: it is on, and so is the counting of them. */
  readonly autovacuum: boolean
}

export interface InspectedTable {
  readonly name: string
  readonly pages: number
  /** How many the planner knows of; 0 when it has never looked. */
  readonly knownPages: number
  readonly liveRows: number
  readonly deadRows: number
}

/** Tasks that nobody comes for. */
export interface UnclaimedTasks {
  readonly name: string
  readonly definition: string
  readonly tasks: number
  /** From when on the first of them could have been claimed. */
  readonly since: Date
  readonly lastPolledAt: Date | undefined
}

/** What there is to say of the processes; only where the schema is the one that this code knows. */
export interface InspectedWork {
  readonly tables: readonly InspectedTable[]
  /** Those that live though nothing can move them, oldest first; of more than twenty, twenty-one. */
  readonly stuck: readonly Pick<ProcessRecord, 'id' | 'definition' | 'state'>[]
  readonly unclaimed: readonly UnclaimedTasks[]
  /** Whether anything is on the board. */
  readonly hasWork: boolean
  /** Since somebody has kept time; undefined when nobody ever has. */
  readonly silenceMs: number | undefined
  /** How many tasks should have been judged for their time and were not. */
  readonly overdue: number
}

export interface Inspection {
  readonly settings: DatabaseSettings
  /** The transaction that has been open for longest, and keeps dead rows from being removed. */
  readonly oldestTransaction: { readonly what: string; readonly ageMs: number } | undefined
  readonly schema: {
    /** 0 when there is none. */
    readonly version: number
    /** That of this code. */
    readonly expectedVersion: number
  }
  readonly work: InspectedWork | undefined
}

export interface InspectOptions {
  /** What should have happened so long ago is late; five minutes when absent. */
  readonly lateMs?: number
}

/** How many of each kind are named. */
const most = 20

export async function inspectSettings(database: Database): Promise<DatabaseSettings> {
  const [row = {}] = await database.run(database.statement('settings', settingsSql), [])
  return {
    now: row['now'] as Date,
    version: row['version'] as string,
    versionNumber: row['version_number'] as number,
    fsync: row['fsync'] === 'on',
    fullPageWrites: row['full_page_writes'] === 'on',
    synchronousCommit: row['synchronous_commit'] as string,
    defaultIsolation: row['isolation'] as string,
    autovacuum: row['autovacuum'] === 'on' && row['track_counts'] === 'on',
  }
}

/** Looks at a database and at what is kept in it, and changes nothing: not even a schema that is missing is made. */
export async function inspect(
  database: Database,
  stuck: (limit: number) => Promise<InspectedWork['stuck']>,
  { lateMs = 300_000 }: InspectOptions = {},
): Promise<Inspection> {
  const ask = (label: string, sql: string, ...values: unknown[]) =>
    database.run(database.statement(label, sql), values)
  const settings = await inspectSettings(database)
  const [oldest] = await ask('oldest_snapshot', oldestSnapshotSql)
  const found = await ask('schema_tables', schemaTablesSql, database.schema)
  const tables = found.map(inspectedTable)
  const hasSchema = tables.some(({ name }) => name === 'migration')
  const [applied] = hasSchema ? await ask('schema_version', schemaVersionSql(database.schema)) : []
  const schema = {
    version: (applied?.['version'] as number | undefined) ?? 0,
    expectedVersion: migrations.length,
  }
  const oldestTransaction = oldest && { what: oldest['what'] as string, ageMs: Number(oldest['age_ms']) }
  if (schema.version !== schema.expectedVersion)
    return { settings, oldestTransaction, schema, work: undefined }
  const [time = {}] = await ask('timekeeping', timekeepingSql(database.schema), lateMs)
  const unclaimed = await ask('unclaimed', unclaimedSql(database.schema), lateMs, most)
  const work = {
    tables: tables.filter(({ name }) => name !== 'migration'),
    // One more than are named tells that there are more.
    stuck: await stuck(most + 1),
    unclaimed: unclaimed.map(unclaimedTasks),
    hasWork: time['has_work'] as boolean,
    silenceMs: time['silence_ms'] === null ? undefined : Number(time['silence_ms']),
    overdue: time['overdue'] as number,
  }
  return { settings, oldestTransaction, schema, work }
}

function inspectedTable(row: Row): InspectedTable {
  return {
    name: row['name'] as string,
    pages: row['pages'] as number,
    knownPages: row['known_pages'] as number,
    liveRows: row['live'] as number,
    deadRows: row['dead'] as number,
  }
}

function unclaimedTasks(row: Row): UnclaimedTasks {
  return {
    name: row['name'] as string,
    definition: row['definition'] as string,
    tasks: row['tasks'] as number,
    since: row['since'] as Date,
    lastPolledAt: (row['last_polled_at'] as Date | null) ?? undefined,
  }
}
