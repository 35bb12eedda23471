import type { InspectedTable, InspectedWork, Inspection, UnclaimedTasks } from '@tunacorn/postgres'
import { countOf, printable, roughly, shortTime } from '../wording.js'
import { finding, type Finding } from './finding.js'
import { settingFindings } from './setting-findings.js'

/** How the database's clock stands to this machine's, and what kind of database it is. */
export interface Circumstances {
  /** Below zero when the database is behind. */
  readonly aheadMs: number
  /** What the way there and back may have added or taken. */
  readonly uncertainMs: number
  readonly isEmbedded: boolean
}

/** What should have happened so long ago is late. */
export const lateMs = 5 * 60_000
const longestSnapshotMs = 10 * 60_000
const largestClockDifferenceMs = 1_000
/** A table as it is made has a hundred pages; see ARCHITECTURE.md, "ballast". */
const ballastPages = 100
const mostDeadRows = 10_000
const longestSilenceMs = 30_000
const mostNamed = 20

/** What is well and what is not, in the order in which it is best mended. */
export function findings(inspection: Inspection, circumstances: Circumstances): Finding[] {
  const { work } = inspection
  return [
    ...settingFindings(inspection.settings),
    aboutClock(circumstances),
    aboutTransaction(inspection),
    aboutSchema(inspection),
    ...(work === undefined ? [] : aboutWork(work, circumstances)),
  ]
}

function aboutClock({ aheadMs, uncertainMs }: Circumstances): Finding {
  const differenceMs = Math.abs(aheadMs)
  const surelyMs = Math.max(0, differenceMs - uncertainMs)
  return finding('clock', surelyMs <= largestClockDifferenceMs, {
    well: `the clocks of this machine and of the database agree, give or take ${roughly(Math.max(1, differenceMs + uncertainMs))}`,
    wrong: `the database's clock is ${roughly(differenceMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's`,
    remedy:
      'All times are the database’s, so nothing breaks; but whoever compares them with this machine’s is misled. Run NTP on both.',
  })
}

function aboutTransaction({ oldestTransaction }: Inspection): Finding {
  const { what = '', ageMs = 0 } = oldestTransaction ?? {}
  return finding('transaction', ageMs <= longestSnapshotMs, {
    well:
      oldestTransaction === undefined
        ? 'no transaction is open for long'
        : `the oldest transaction is open for ${roughly(ageMs)}`,
    wrong: `${what} has had a transaction open for ${roughly(ageMs)}: until it ends no dead row is removed, and claims get slower`,
    remedy:
      'Find out what it waits for, and end it: SELECT pg_terminate_backend(pid); a prepared one with ROLLBACK PREPARED.',
  })
}

function aboutSchema({ schema: { version, expectedVersion } }: Inspection): Finding {
  const isMissing = version === 0
  return finding('schema', version === expectedVersion, {
    well: `the schema is up to date, version ${version}`,
    wrong: isMissing
      ? 'there is no schema of TunaCorn here'
      : `the schema is of version ${version}, and this TunaCorn knows version ${expectedVersion}`,
    remedy:
      version > expectedVersion
        ? 'A newer TunaCorn has migrated it: run that version.'
        : 'Run "tunacorn migrate", or start the server, which does so by itself.',
  })
}

function aboutWork(work: InspectedWork, { isEmbedded }: Circumstances): Finding[] {
  return [
    aboutStuck(work),
    // Whoever looks at an embedded database has it alone: no server can run.
    ...(isEmbedded ? [] : [aboutTimekeeping(work)]),
    aboutUnclaimed(work),
    ...work.tables.flatMap((table) => [aboutDeadRows(table), aboutBallast(table)]),
  ]
}

function aboutStuck({ stuck }: InspectedWork): Finding {
  const { length } = stuck
  const named = stuck.slice(0, mostNamed).map(({ id }) => id)
  const live = countOf(named.length, 'process lives', 'processes live')
  return finding('stuck', length === 0, {
    well: 'every process that lives has something on the board that can move it',
    wrong: `${length > named.length ? `more than ${live}` : live} though nothing can move ${length === 1 ? 'it' : 'them'}: ${named.join(', ')}${length > named.length ? ', …' : ''}`,
    remedy:
      'That never happens by TunaCorn itself: somebody has changed its tables. Restore them, or cancel these processes ("tunacorn cancel").',
  })
}

function aboutTimekeeping({ hasWork, silenceMs, overdue }: InspectedWork): Finding {
  const isSilent = hasWork && (silenceMs === undefined || silenceMs > longestSilenceMs)
  const since = silenceMs === undefined ? 'ever' : `for ${roughly(silenceMs)}`
  return finding('timekeeping', !isSilent && overdue === 0, {
    well: hasWork ? 'servers keep time' : 'nothing is on the board',
    wrong: isSilent
      ? `no server has kept time ${since === 'ever' ? 'yet' : since}, though there is work on the board`
      : `${countOf(overdue, 'task')} should have been judged for their time by now`,
    remedy: isSilent
      ? 'Start a server: "tunacorn serve" with this database.'
      : "Look into the servers' logs, and whether one of them can write.",
  })
}

type Unclaimed = Omit<UnclaimedTasks, 'definition' | 'since'> & { readonly since: Date | undefined }

/** Tasks that could be claimed, for which nobody has asked lately. */
export function aboutUnclaimed({ unclaimed }: { readonly unclaimed: readonly Unclaimed[] }): Finding {
  const named = unclaimed.map(({ name, tasks, since, lastPolledAt }) => {
    const from = since === undefined ? '' : ` since ${shortTime(since.toISOString())}`
    const polled = lastPolledAt === undefined ? 'never' : `last ${shortTime(lastPolledAt.toISOString())}`
    return `${countOf(tasks, 'task')} named ${printable(JSON.stringify(name))}${from} (asked for: ${polled})`
  })
  return finding('unclaimed', unclaimed.length === 0, {
    well: `nothing has waited for more than ${roughly(lateMs)} for a worker that does not come`,
    wrong: `nobody asks for what waits: ${named.join('; ')}`,
    remedy:
      'Start workers for these names, or more of them when those there are have their hands full; a name must be spelt as in the definition. "tunacorn tasks --name …" lists the tasks, with their processes.',
  })
}

function aboutDeadRows({ name, liveRows, deadRows }: InspectedTable): Finding {
  return finding(`dead-rows-${name}`, deadRows <= mostDeadRows + 2 * liveRows, {
    well: `${name}: ${countOf(deadRows, 'dead row')} beside ${liveRows}`,
    wrong: `${name}: ${deadRows} dead rows beside ${liveRows}: claims and commits get slower`,
    remedy: `Run VACUUM on it. When that removes few, a transaction holds them (see above); when it comes again, let autovacuum run more often on it.`,
  })
}

function aboutBallast({ name, pages, knownPages }: InspectedTable): Finding {
  return finding(`plans-${name}`, pages >= ballastPages || knownPages > 0, {
    well: `${name}: the planner knows enough of it`,
    wrong: `${name}: it was truncated or restored, and the planner knows nothing of it: statements may be planned to read all of it`,
    remedy: `Run ANALYZE on it once there is work on the board.`,
  })
}
