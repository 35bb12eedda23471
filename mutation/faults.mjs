// Faults that somebody could make in the code, each small and plausible, and where the tests are that should notice.
// `scripts/mutants.mjs` makes one after another and looks whether they do.

const completions = 'packages/postgres/src/statements/commit-completions.ts'
const changes = 'packages/postgres/src/statements/commit-changes.ts'
const claims = 'packages/postgres/src/statements/claim-tasks.ts'
const starts = 'packages/postgres/src/statements/start-processes.ts'
const board = 'packages/postgres/src/statements/board.ts'
const leases = 'packages/postgres/src/statements/extend-claims.ts'
const picks = 'packages/postgres/src/migrations/0005-steady-plans.ts'
const processes = 'packages/postgres/src/postgres-process-list.ts'
const round = 'packages/core/src/engine/round.ts'
const engineTests = (name) => ({ path: `packages/core/test/engine/${name}.test.ts` })
const onPostgres = (topic) => ({
  path: 'packages/postgres/test/postgres-store.test.ts',
  only: `on PostgreSQL ${topic}`,
})
const postgresTests = (name) => ({ path: `packages/postgres/test/${name}.test.ts` })

/**
 * @typedef {object} Fault
 * @property {string} name what is wrong then
 * @property {[file: string, is: string, becomes: string][]} edits `is` stands there exactly once
 * @property {{ path: string, only?: string }[]} tests which should notice, the quickest first
 */

/** @type {Fault[]} */
export const faults = [
  {
    name: 'a completion counts whoever holds the task',
    edits: [
      [
        completions,
        'b.task = r.task AND b.attempt = r.attempt AND b.secret = r.secret',
        'b.task = r.task AND b.attempt > 0',
      ],
    ],
    tests: [onPostgres('reporting tasks')],
  },
  {
    name: 'a failure counts whoever holds the task',
    edits: [
      [
        changes,
        `b.task = r.task AND b.attempt = r.attempt
      AND b.secret IS NOT DISTINCT FROM r.secret AND`,
        'b.task = r.task AND',
      ],
    ],
    tests: [onPostgres('failed attempts'), onPostgres('reporting tasks')],
  },
  {
    name: 'what a completion unlocks is scheduled after the commit',
    edits: [
      [
        processes,
        "} from './statements/start-processes.js'\n",
        `} from './statements/start-processes.js'
import { scheduleTasksSql } from './statements/board.js'
import { newBoardTaskValues } from './statements/board-columns.js'
`,
      ],
      [
        processes,
        'const values = commitCompletionsValues(moves)\n',
        'const values = commitCompletionsValues(moves.map((move) => ({ ...move, enter: [] })))\n',
      ],
      [
        processes,
        "          const committed = { status: 'committed', at: rows[0]['at'] as Date } as const\n",
        `          const committed = { status: 'committed', at: rows[0]['at'] as Date } as const
        const late = moves.flatMap((move) => move.enter.map((task) => ({ move, task })))
        const schedule = this.store.statement('schedule', scheduleTasksSql(this.store.schema))
        if (late.length > 0)
          await this.store.run(schedule, [
            late.map(({ move }) => move.id),
            late.map(({ move }) => move.definition),
            late.map(({ move }) => move.startedAt),
            ...newBoardTaskValues(late.map(({ task }) => task)),
          ])
`,
      ],
    ],
    tests: [{ path: 'test/failpoints.test.ts', only: 'complete the last task before a join' }],
  },
  {
    name: 'a report is answered before the commit',
    edits: [
      [
        round,
        '    let results: readonly PersistResult[]\n',
        `    for (const { accepted, copy } of moving)
      for (const { errand, version } of accepted) errand.settle({ status: 'done', version, record: copy.record })
    let results: readonly PersistResult[]
`,
      ],
    ],
    tests: [engineTests('reports')],
  },
  {
    name: 'what is due is judged by the clock of the server',
    edits: [
      [
        board,
        'WHERE t.expires_at <= now() AND (t.expires_at',
        'WHERE t.expires_at <= $5::timestamptz AND (t.expires_at',
      ],
      [
        board,
        'after?.processId ?? firstId, after?.task ?? -1]',
        'after?.processId ?? firstId, after?.task ?? -1, new Date()]',
      ],
    ],
    tests: [postgresTests('wrong-clocks')],
  },
  {
    name: 'a claim waits for what others have in hand: no SKIP LOCKED',
    edits: [[picks, 'LIMIT wanted FOR UPDATE SKIP LOCKED`', 'LIMIT wanted FOR UPDATE`']],
    tests: [postgresTests('rows-in-hand')],
  },
  {
    name: 'a commit waits for processes that others have in hand, while it holds some',
    edits: [
      [completions, 'ORDER BY p.id FOR UPDATE OF p SKIP LOCKED', 'ORDER BY p.id FOR UPDATE OF p'],
      [
        changes,
        "ORDER BY p.id FOR UPDATE OF p ${wait ? '' : 'SKIP LOCKED'}",
        "ORDER BY p.id FOR UPDATE OF p ${wait ? '' : ''}",
      ],
    ],
    tests: [postgresTests('rows-in-hand')],
  },
  {
    name: 'a deadlock is swallowed: what it undid counts as committed',
    edits: [
      [
        processes,
        '        if (!mayTryAgain(error) && results.size === 0 && handedOut === undefined) throw error\n',
        `        if (!mayTryAgain(error) && results.size === 0 && handedOut === undefined) throw error
        if (mayTryAgain(error)) for (const { id } of changes) results.set(id, { status: 'committed', at: new Date() })
`,
      ],
    ],
    tests: [postgresTests('refused-commits')],
  },
  {
    name: 'the version that a process is expected to have is not compared',
    edits: [
      [completions, 'ON p.id = c.id AND p.version = c.expected', 'ON p.id = c.id AND c.expected > 0'],
      [changes, 'ON p.id = c.id AND p.version = c.expected', 'ON p.id = c.id AND c.expected > 0'],
    ],
    tests: [onPostgres('persisting changes')],
  },
  {
    name: 'a rejection is answered from a copy that is behind',
    edits: [
      [
        round,
        "        if (!current.upToDate.has(record.id)) return leftover(record.id, errandsOf(plan), 'stale')\n",
        '',
      ],
      [
        round,
        '  if (!upToDate.has(copy.record.id)) return',
        "  if (!upToDate.has(copy.record.id) && copy.record.id === '') return",
      ],
    ],
    tests: [engineTests('replicas')],
  },
  {
    name: 'a report that is sent again is refused',
    edits: [
      [
        'packages/core/src/engine/reports.ts',
        '    types.includes(event.type) &&',
        '    types.includes(event.type) &&\n    event.version < 0 &&',
      ],
    ],
    tests: [engineTests('reports')],
  },
  {
    name: 'one attempt more than the limit is handed out',
    edits: [[picks, 'c.attempt < c.max_attempts', 'c.attempt <= c.max_attempts']],
    tests: [onPostgres('attempts')],
  },
  {
    name: 'the pick with its LIMIT is run again for each row',
    edits: [
      [
        claims,
        'WHERE t.ctid = ANY ((SELECT places FROM picked)::tid[])',
        'WHERE t.ctid = ANY (${picks[scope](schema, at)})',
      ],
    ],
    tests: [onPostgres('claiming'), onPostgres('many at once')],
  },
  {
    name: 'of two completions in one commit, only what the last unlocks is scheduled',
    edits: [
      [
        'packages/core/src/engine/plan-change.ts',
        'for (const task of apply(state, event)) activated.push(task)',
        'activated.splice(0, activated.length, ...apply(state, event))',
      ],
    ],
    tests: [engineTests('reports'), { path: 'packages/core/test/properties/at-once.test.ts' }],
  },
  {
    name: 'a report that is not in the commit is refused with one that is, of the same task',
    edits: [
      [round, 'plan.accepted.map(({ errand }) => errand),\n      ({ work })', 'errands,\n      ({ work })'],
    ],
    tests: [engineTests('reports')],
  },
  {
    name: 'the last need of a join is not noticed',
    edits: [
      [
        'packages/core/src/process/state.ts',
        '    return open === 0\n',
        '    return open === 0 && this.graph.inDegrees[task] === 1\n',
      ],
    ],
    tests: [{ path: 'packages/core/test/process/rules.test.ts' }],
  },
  {
    name: 'the Idempotency-Key of a start is not written down',
    edits: [
      [starts, 'WHERE holds_keys AND once_key IS NOT NULL ORDER BY', 'WHERE false ORDER BY'],
      [
        starts,
        'WHERE holds_keys AND (once_key IS NULL OR id IN (SELECT process_id FROM remembered))',
        'WHERE holds_keys',
      ],
    ],
    tests: [onPostgres('starting once')],
  },
  {
    name: 'the cached copy is kept after a commit that failed',
    edits: [
      [
        round,
        '      this.#parts.cache.drop(id)\n      if (!unavailable && !isAlone)',
        '      if (!unavailable && !isAlone)',
      ],
    ],
    tests: [engineTests('reports')],
  },
  {
    name: 'an attempt that lapsed is not recorded',
    edits: [[claims, 'lapsed = CASE WHEN t.worker IS NULL THEN', 'lapsed = CASE WHEN t.attempt >= 0 THEN']],
    tests: [onPostgres('attempts')],
  },
  {
    name: 'a heartbeat adds to what is left of the lease',
    edits: [
      [
        leases,
        '`least(now() + least(coalesce($5::bigint, t.lease_ms), t.heartbeat_ms) ${ms},',
        '`least(t.claimable_at + least(coalesce($5::bigint, t.lease_ms), t.heartbeat_ms) ${ms},',
      ],
    ],
    tests: [onPostgres('leases')],
  },
  {
    name: 'a task is judged although a heartbeat was quicker',
    edits: [[changes, ' AND (NOT r.is_due OR b.expires_at <= now())', ' AND r.is_due IS NOT NULL']],
    tests: [onPostgres('judging what is due')],
  },
  {
    name: 'a task is handed over although the commit that brings it failed',
    edits: [
      [
        'packages/core/src/engine/gifts.ts',
        'waiter.settle(at === undefined ? undefined : claimedTask(change.id, task, at))',
        'waiter.settle(claimedTask(change.id, task, at ?? new Date()))',
      ],
    ],
    tests: [engineTests('handing-over')],
  },
  {
    name: 'more is handed over to one than was asked for',
    edits: [
      [
        'packages/core/src/engine/waiter.ts',
        'return isThere && this.#coming < this.request.max',
        'return isThere && this.#given.length < this.request.max',
      ],
    ],
    tests: [engineTests('handing-over')],
  },
  {
    name: 'anybody may give a task back',
    edits: [
      [
        board,
        `THEN first_claimed_at + within_ms \${ms} END)
WHERE process_id = $1 AND task = $2 AND attempt = $3 AND secret = $4`,
        `THEN first_claimed_at + within_ms \${ms} END)
WHERE process_id = $1 AND task = $2 AND attempt > 0 AND $3::int > 0 AND $4::text <> ''`,
      ],
    ],
    tests: [onPostgres('leases'), onPostgres('claiming')],
  },
  {
    name: 'a task that is reported late is handed out by the very commit of its report',
    edits: [[completions, 'const except = `(t.secret', 'const except = `false AND (t.secret']],
    tests: [onPostgres('claiming along')],
  },
  {
    name: 'the tasks of a process that failed stay on the board',
    edits: [
      [
        changes,
        "WHERE EXISTS (SELECT FROM change WHERE state IN ('failed', 'cancelled'))\n",
        "WHERE EXISTS (SELECT FROM change WHERE state = 'cancelled')\n",
      ],
    ],
    tests: [onPostgres('persisting changes'), onPostgres('reporting tasks')],
  },
  {
    name: 'tasks of paused processes are handed out',
    edits: [[picks, '`NOT c.paused AND c.claimable_at', '`c.claimable_at']],
    tests: [onPostgres('the clock of a process'), onPostgres('claiming')],
  },
  {
    name: 'after an outage, what lapsed meanwhile is taken away at once',
    edits: [
      [
        picks,
        "OR greatest(c.claimed_at, now() - least(c.lease_ms, c.timeout_ms) * interval '1 millisecond') >= calm_since)",
        'OR calm_since IS NOT NULL)',
      ],
    ],
    tests: [postgresTests('beat')],
  },
  {
    name: 'a process times out although it was resumed meanwhile, with time left',
    edits: [[changes, ' AND (NOT c.is_due OR p.deadline <= now())', ' AND c.is_due IS NOT NULL']],
    tests: [onPostgres('the clock of a process')],
  },
]
