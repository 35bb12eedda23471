import { deepEqual, equal, ok } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import type { ClaimedTask, HistoryEvent, Process } from '../../packages/protocol/dist/index.js'
import type { Answer } from './api.js'
import type { PatientClient } from './patient-client.js'

/** Where a write path is walked. */
export interface Ground {
  readonly client: PatientClient
  /** Beside the server, which may be dead. */
  readonly database: Client
  /** For what must not meet what an earlier walk left behind. */
  readonly unique: string
}

/** One way in which something comes to be written. */
export interface WritePath {
  readonly name: string
  /** Only these statements are its points; absent: all but those that servers send by themselves. */
  readonly statements?: readonly string[]
  /** These must be among its points: it is the way that is meant, and not another one to the same end. */
  readonly through?: readonly string[]
  /** Whether it is walked because somebody asks, who may not get an answer. */
  readonly isAsked: boolean
  /** Makes ready, and answers the walk: it is done when what was to be written is, and nothing else. */
  readonly prepare: (ground: Ground) => Promise<() => Promise<void>>
}

const shortLease = '300ms'
const lease = '60s'

/** Ends with a join, fails with a cleanup, and has attempts enough for whatever is lost. */
const definition = (name: string, more = '') => `
name: ${name}
failureProcess: clean-up
${more}
defaults: { retry: { limit: 20, delay: 10ms, factor: 1, jitter: false } }
tasks:
  - name: a
  - name: b
  - name: c
    needs: [a, b]
`

export async function prepareGround({ client }: Pick<Ground, 'client'>): Promise<void> {
  await define(client, 'name: clean-up\ntasks: [{ name: sweep }]')
  await define(client, definition('work'))
}

async function define(client: PatientClient, text: string): Promise<Answer> {
  const answer = await client.ask('POST', '/definitions', text)
  ok(answer.status < 300, JSON.stringify(answer.body))
  return answer
}

async function start({ client }: Ground, name = 'work', more: object = {}): Promise<string> {
  const { status, body } = await client.ask('POST', '/processes', { definition: name, ...more })
  equal(status, 201, JSON.stringify(body))
  return (body as Process).id
}

async function claim({ client }: Ground, process: string, more: object = {}): Promise<ClaimedTask[]> {
  const request = { worker: 'test', process, max: 10, lease, ...more }
  const { status, body } = await client.ask('POST', '/tasks/claim', request)
  equal(status, 200, JSON.stringify(body))
  return (body as { tasks: ClaimedTask[] }).tasks
}

/** A running process of which a and b are held. */
async function held(ground: Ground): Promise<{ id: string; a: ClaimedTask; b: ClaimedTask }> {
  const id = await start(ground)
  const tasks = await claim(ground, id)
  const [a, b] = ['a', 'b'].map((name) => tasks.find((task) => task.name === name))
  ok(a !== undefined && b !== undefined)
  return { id, a, b }
}

interface ResultAnswer {
  readonly status: number
  readonly state?: string
}

async function reportAndClaim(
  { client }: Ground,
  request: object,
): Promise<[ResultAnswer | undefined, ClaimedTask | undefined]> {
  const { status, body } = await client.ask('POST', '/tasks/claim', request)
  equal(status, 200, JSON.stringify(body))
  const { results, tasks } = body as { results: ResultAnswer[]; tasks: ClaimedTask[] }
  return [results[0], tasks[0]]
}

function say({ client }: Ground, task: ClaimedTask, verb: string, more: object = {}): Promise<Answer> {
  return client.ask('POST', `/tasks/${task.id}/${verb}`, { claim: task.claim, ...more })
}

async function said(ground: Ground, task: ClaimedTask, verb: string, more: object = {}): Promise<void> {
  const { status, body } = await say(ground, task, verb, more)
  equal(status, 200, JSON.stringify(body))
}

async function events({ client }: Ground, id: string): Promise<string[]> {
  const { body } = await client.ask('GET', `/processes/${id}/history`)
  return (body as { items: HistoryEvent[] }).items.map(({ type, name }) =>
    name === undefined ? type : `${type} ${name}`,
  )
}

async function count({ database }: Ground, sql: string, ...values: unknown[]): Promise<number> {
  const { rows } = await database.query<{ count: string }>(`SELECT count(*) FROM tunacorn.${sql}`, values)
  return Number(rows[0]?.count)
}

/** Asks the database alone, so that the points are those of what servers do by themselves. */
async function until(ground: Ground, sql: string, ...values: unknown[]): Promise<void> {
  while ((await count(ground, sql, ...values)) === 0) await sleep(20)
}

async function state({ client }: Ground, id: string): Promise<Process['state']> {
  return ((await client.ask('GET', `/processes/${id}`)).body as Process).state
}

/** A server that is killed meanwhile has to be there again. */
const maxInHandMs = 60_000

/**
 * Has the process in hand while something is done, as another replica that is in the middle of a commit: until somebody
 * holds on and waits for it, as is done only after several tries in vain.
 */
async function whileInHand<T>({ database }: Ground, id: string, act: () => Promise<T>): Promise<T> {
  await database.query('BEGIN')
  await database.query('SELECT FROM tunacorn.process WHERE id = $1 FOR UPDATE', [id])
  const acting = act()
  const letGo = async () => {
    // Looks at the locks alone: what sessions are about is seen as it was first in a transaction.
    const begin = performance.now()
    for (let isAwaited = false; !isAwaited; await sleep(5)) {
      ok(performance.now() - begin < maxInHandMs, `Nobody waits for process ${id}`)
      const { rows } = await database.query(
        'SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))',
      )
      isAwaited = rows.length > 0
    }
  }
  try {
    await Promise.race([letGo(), acting])
  } finally {
    await database.query('COMMIT')
  }
  return acting
}

/** Of a process that another has in hand again and again: it is waited for and held, then decided upon, then committed. */
function contended(
  name: string,
  act: (ground: Ground, a: ClaimedTask) => Promise<void>,
  end: string,
): WritePath {
  return {
    name: `${name} with others in the way`,
    through: ['fetch_holding', 'commit_waiting', 'COMMIT'],
    isAsked: true,
    async prepare(ground) {
      const { id, a, b } = await held(ground)
      await said(ground, b, 'complete')
      return async () => {
        await whileInHand(ground, id, () => act(ground, a))
        deepEqual(await events(ground, id), ['process-started', 'task-completed b', end])
      }
    },
  }
}

function control(verb: 'pause' | 'resume' | 'cancel' | 'retry', from: string, to: string): WritePath {
  return {
    name: `${verb} a process`,
    isAsked: true,
    async prepare(ground) {
      const { id, a } = await held(ground)
      if (from === 'paused') await ground.client.ask('POST', `/processes/${id}/pause`)
      if (from === 'failed') await said(ground, a, 'fail', { error: 'lost', retry: false })
      return async () => {
        const { status, body } = await ground.client.ask('POST', `/processes/${id}/${verb}`)
        // Sent again, it may say that there is nothing to be retried.
        if (status !== 200) deepEqual([status, verb], [409, 'retry'], JSON.stringify(body))
        equal(await state(ground, id), to)
        const made = (await events(ground, id)).filter((type) =>
          /paused|resumed|cancelled|retried/.test(type),
        )
        equal(made.length, from === 'paused' ? 2 : 1)
      }
    },
  }
}

function judged(
  name: string,
  more: string,
  { holds, ends }: { readonly holds: boolean; readonly ends: RegExp },
): WritePath {
  return {
    name,
    isAsked: false,
    async prepare(ground) {
      const own = `judged-${ground.unique}`
      const text = `name: ${own}\nfailureProcess: clean-up\ntasks: [{ name: a }]\n${more}`
      await define(ground.client, text)
      const id = await start(ground, own)
      if (holds) equal((await claim(ground, id, { lease: shortLease })).length, 1)
      return async () => {
        await until(ground, `process WHERE id = $1 AND state = 'failed' AND failure_process IS NOT NULL`, id)
        equal(await count(ground, 'process WHERE failure_of = $1', id), 1)
        ok(ends.test((await events(ground, id)).at(-1) ?? ''))
      }
    },
  }
}

/** All of them. */
export const writePaths: readonly WritePath[] = [
  {
    name: 'register a definition',
    isAsked: true,
    prepare: async (ground) => async () => {
      const name = `new-${ground.unique}`
      await define(ground.client, `name: ${name}\ntasks: [{ name: a }]`)
      equal(await count(ground, 'definition WHERE name = $1', name), 1)
    },
  },
  {
    name: 'register a definition with a failure process',
    isAsked: true,
    prepare: async (ground) => async () => {
      const name = `new-${ground.unique}`
      await define(ground.client, definition(name))
      equal(await count(ground, 'definition WHERE name = $1', name), 1)
    },
  },
  {
    name: 'remove a definition',
    isAsked: true,
    async prepare(ground) {
      const name = `old-${ground.unique}`
      await define(ground.client, definition(name))
      return async () => {
        const { status } = await ground.client.ask('DELETE', `/definitions/${name}/versions/1`)
        ok(status === 204 || status === 404, `It was answered ${status}`)
        equal(await count(ground, 'definition WHERE name = $1', name), 0)
      }
    },
  },
  {
    name: 'start a process',
    isAsked: true,
    prepare: async (ground) => async () => {
      const id = await start(ground, 'work', { input: ground.unique })
      // Without any key, who sends it again starts it again.
      ok((await count(ground, 'process WHERE input::text = $1', JSON.stringify(ground.unique))) <= 2)
      equal(await count(ground, 'task_list WHERE process_id = $1', id), 2)
    },
  },
  {
    name: 'start a process with a key of its own',
    isAsked: true,
    prepare: async (ground) => async () => {
      const request = { definition: 'work', key: ground.unique }
      const { status, body } = await ground.client.ask('POST', '/processes', request)
      ok(status === 201 || status === 409, JSON.stringify(body))
      equal(await count(ground, 'process WHERE key = $1', ground.unique), 1)
    },
  },
  {
    name: 'start a process once',
    isAsked: true,
    prepare: async (ground) => async () => {
      const request = { definition: 'work', input: ground.unique }
      const { status, body } = await ground.client.ask('POST', '/processes', request, {
        'Idempotency-Key': ground.unique,
      })
      equal(status, 201, JSON.stringify(body))
      equal(await count(ground, 'process WHERE input::text = $1', JSON.stringify(ground.unique)), 1)
      equal(await count(ground, 'task_list WHERE process_id = $1', (body as Process).id), 2)
    },
  },
  {
    name: 'start processes in a batch',
    isAsked: true,
    prepare: async (ground) => async () => {
      const request = { definition: 'work', input: ground.unique }
      const processes = [request, { ...request, key: ground.unique }]
      const isAnswered = ({ body }: Answer) =>
        (body as { items: { status: number }[] }).items.every(({ status }) => status < 500)
      while (!isAnswered(await ground.client.ask('POST', '/processes/batch', { processes })));
      ok((await count(ground, 'process WHERE input::text = $1', JSON.stringify(ground.unique))) > 1)
      equal(await count(ground, 'process WHERE key = $1', ground.unique), 1)
    },
  },
  {
    name: 'claim tasks by name',
    isAsked: true,
    async prepare(ground) {
      const name = `claimed-${ground.unique}`
      await define(ground.client, `name: ${name}\ntasks: [{ name: ${name}, retry: 20 }]`)
      const id = await start(ground, name)
      return async () => {
        const request = { worker: 'test', names: [name], wait: '5s', lease: shortLease }
        const { body } = await ground.client.ask('POST', '/tasks/claim', request)
        const [task] = (body as { tasks: ClaimedTask[] }).tasks
        equal(task?.process.id, id)
        await said(ground, task, 'complete')
        equal(await state(ground, id), 'completed')
      }
    },
  },
  {
    name: 'claim one task',
    isAsked: true,
    async prepare(ground) {
      const id = await start(ground)
      return async () => {
        const { status, body } = await ground.client.ask('POST', `/tasks/${id}.0/claim`, {
          worker: 'test',
          lease,
        })
        if (status === 200) return said(ground, body as ClaimedTask, 'complete')
        // It is held by the first request, whose answer was lost.
        equal(status, 409)
        equal(await count(ground, 'task_list WHERE process_id = $1 AND attempt = 1', id), 1)
      }
    },
  },
  {
    name: 'report and claim in one call',
    isAsked: true,
    async prepare(ground) {
      const { id, a, b } = await held(ground)
      await said(ground, a, 'complete')
      return async () => {
        const results = [{ task: b.id, claim: b.claim, output: 1 }]
        const request = { worker: 'test', process: id, results, lease: shortLease }
        let [result, c] = await reportAndClaim(ground, request)
        // The report by itself is answered that the server is not there, while the call is answered.
        while (result === undefined || result.status >= 500)
          [result, c] = await reportAndClaim(ground, request)
        deepEqual([result.status, result.state], [200, 'completed'], JSON.stringify(result))
        while (c === undefined) [c] = await claim(ground, id, { wait: '5s' })
        await said(ground, c, 'complete')
        equal(await state(ground, id), 'completed')
      }
    },
  },
  {
    name: 'complete a task',
    isAsked: true,
    async prepare(ground) {
      const { id, a } = await held(ground)
      return async () => {
        await said(ground, a, 'complete', { output: 1 })
        deepEqual(await events(ground, id), ['process-started', 'task-completed a'])
      }
    },
  },
  {
    name: 'complete the last task before a join',
    isAsked: true,
    async prepare(ground) {
      const { id, a, b } = await held(ground)
      await said(ground, a, 'complete')
      return async () => {
        await said(ground, b, 'complete', { output: 1 })
        deepEqual(await events(ground, id), ['process-started', 'task-completed a', 'task-completed b'])
        equal(await count(ground, 'task_list WHERE process_id = $1 AND task = 2', id), 1)
      }
    },
  },
  {
    name: 'complete the last task of all',
    isAsked: true,
    async prepare(ground) {
      const { id, a, b } = await held(ground)
      for (const task of [a, b]) await said(ground, task, 'complete')
      const [c] = await claim(ground, id)
      ok(c !== undefined)
      return async () => {
        await said(ground, c, 'complete', { output: 1 })
        equal(await state(ground, id), 'completed')
      }
    },
  },
  {
    name: 'complete a task for which somebody waits',
    isAsked: true,
    async prepare(ground) {
      const { id, a, b } = await held(ground)
      await said(ground, a, 'complete')
      return async () => {
        const waiting = claim(ground, id, { names: ['c'], wait: '5s', lease: shortLease })
        await said(ground, b, 'complete')
        let [c] = await waiting
        while (c === undefined) [c] = await claim(ground, id, { wait: '5s' })
        // Whoever had it may be so late that it is another's by now.
        const { status } = await say(ground, c, 'complete')
        ok(status === 200 || status === 409)
      }
    },
  },
  {
    name: 'fail a task that is tried again',
    isAsked: true,
    async prepare(ground) {
      const { id, a } = await held(ground)
      return async () => {
        await said(ground, a, 'fail', { error: 'busy' })
        deepEqual(await events(ground, id), ['process-started', 'attempt-failed a'])
        equal(await count(ground, 'task_list WHERE process_id = $1 AND task = 0 AND worker IS NULL', id), 1)
      }
    },
  },
  {
    name: 'fail a task for good, and clean up',
    isAsked: true,
    async prepare(ground) {
      const { id, a } = await held(ground)
      return async () => {
        await said(ground, a, 'fail', { error: 'lost', retry: false })
        equal(await state(ground, id), 'failed')
        equal(await count(ground, `process WHERE failure_of = $1 AND state = 'running'`, id), 1)
      }
    },
  },
  {
    name: 'report too late',
    isAsked: true,
    async prepare(ground) {
      const id = await start(ground)
      const [late] = await claim(ground, id, { names: ['a'], lease: '100ms' })
      ok(late !== undefined)
      while ((await claim(ground, id, { names: ['a'] })).length === 0) await sleep(20)
      return async () => {
        const { status } = await say(ground, late, 'complete', { output: 'late' })
        equal(status, 409)
        deepEqual(await events(ground, id), ['process-started', 'report-refused a'])
      }
    },
  },
  {
    name: 'extend a lease',
    isAsked: true,
    async prepare(ground) {
      const { a } = await held(ground)
      return async () => {
        await said(ground, a, 'heartbeat')
        await said(ground, a, 'complete')
      }
    },
  },
  {
    name: 'extend many leases',
    isAsked: true,
    async prepare(ground) {
      const { a, b } = await held(ground)
      const tasks = [a, b].map((task) => ({ task: task.id, claim: task.claim }))
      return async () => {
        const { status, body } = await ground.client.ask('POST', '/tasks/heartbeat', { tasks })
        equal(status, 200, JSON.stringify(body))
        for (const task of [a, b]) await said(ground, task, 'complete')
      }
    },
  },
  {
    name: 'give a task back',
    isAsked: true,
    async prepare(ground) {
      const { id, a } = await held(ground)
      return async () => {
        const { status } = await say(ground, a, 'release')
        ok(status < 300 || status === 409, `It was answered ${status}`)
        const [again] = await claim(ground, id, { names: ['a'] })
        // Where the claim was made and its answer was lost, nobody knows that it is held.
        const { body } = await ground.client.ask('GET', `/tasks/${a.id}`)
        // It did not count as an attempt.
        equal((again ?? (body as ClaimedTask)).attempt, 1)
      }
    },
  },
  contended('complete a task', (ground, a) => said(ground, a, 'complete', { output: 1 }), 'task-completed a'),
  contended('fail a task', (ground, a) => said(ground, a, 'fail', { error: 'busy' }), 'attempt-failed a'),
  control('pause', 'running', 'paused'),
  control('resume', 'paused', 'running'),
  control('cancel', 'running', 'cancelled'),
  control('retry', 'failed', 'running'),
  {
    name: 'destroy a process',
    isAsked: true,
    async prepare(ground) {
      const id = await start(ground)
      await ground.client.ask('POST', `/processes/${id}/cancel`)
      return async () => {
        const { status } = await ground.client.ask('DELETE', `/processes/${id}`)
        ok(status === 204 || status === 404, `It was answered ${status}`)
        equal(await count(ground, 'process WHERE id = $1', id), 0)
        equal(await count(ground, 'history WHERE process_id = $1', id), 0)
      }
    },
  },
  judged('judge a lease that ran out', '', { holds: true, ends: /task-failed a/ }),
  judged('judge a wait that took too long', 'defaults: { scheduleTimeout: 300ms }', {
    holds: false,
    ends: /task-failed a/,
  }),
  judged('let a process time out', 'timeout: 300ms', { holds: false, ends: /process-timed-out/ }),
  {
    name: 'destroy what ended long ago',
    statements: ['forget_old_once', 'ended_processes', 'destroy'],
    isAsked: false,
    async prepare(ground) {
      const id = await start(ground)
      await ground.client.ask('POST', `/processes/${id}/cancel`)
      await ground.database.query(
        `UPDATE tunacorn.process SET ended_at = ended_at - interval '10 days' WHERE id = $1`,
        [id],
      )
      return async () => {
        while ((await count(ground, 'process WHERE id = $1', id)) > 0) await sleep(20)
        equal(await count(ground, 'history WHERE process_id = $1', id), 0)
      }
    },
  },
  {
    name: 'say that time is kept',
    statements: ['beat'],
    isAsked: false,
    prepare: async (ground) => async () => {
      const { rows } = await ground.database.query<{ at: Date }>('SELECT now() AS at')
      await until(ground, 'pulse WHERE beat_at > $1', rows[0]?.at)
    },
  },
  {
    name: 'remember who asks for work',
    statements: ['note_polls', 'forget_polls'],
    isAsked: false,
    prepare: async (ground) => async () => {
      const name = `asked-${ground.unique}`
      const ask = () => ground.client.ask('POST', '/tasks/claim', { worker: 'test', names: [name] })
      while ((await count(ground, 'poll WHERE name = $1', name)) === 0) {
        await ask()
        await sleep(200)
      }
    },
  },
]
