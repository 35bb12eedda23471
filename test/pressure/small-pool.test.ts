import { expect, test } from 'vitest'
import type { ClaimedTasks } from '../../packages/protocol/dist/index.js'
import { postgresUrl } from '../../packages/postgres/test/support/databases.js'
import { ask, call } from '../support/api.js'
import { register, startProcess, untilEnded } from '../support/run-process.js'
import { emptyDatabase, runningServer } from '../support/world.js'

const pollers = 200
const definition = `
name: work
tasks:
  - name: rare
  - name: often
  - name: last
    needs: [often, rare]
`

test.skipIf(postgresUrl() === undefined)(
  'two hundred long polls on a pool of two connections hold nobody up, and each is given work once there is some',
  { timeout: 60_000 },
  async () => {
    const { url } = await runningServer(await emptyDatabase('postgres'), {
      // One of them is for access keys.
      TUNACORN_DATABASE_CONNECTIONS: '3',
    })
    await register(url, definition, 'application/yaml')
    const polls = Array.from({ length: pollers }, (_, n) =>
      call(url, 'POST', '/tasks/claim', { worker: `poller ${n}`, names: ['rare'], wait: '50s' }),
    )

    // What others do goes on beside them: 4 requests for each of 50 processes, as one worker would ask them.
    const ids: string[] = []
    for (let n = 0; n < 50; n += 1) {
      const { id } = await startProcess(url, 'work')
      ids.push(id)
      const request = { worker: 'w', names: ['often'], process: id }
      const { tasks }: ClaimedTasks = await ask(url, 'POST', '/tasks/claim', request)
      const [task] = tasks
      expect(await call(url, 'POST', `/tasks/${task?.id}/heartbeat`, { claim: task?.claim })).toMatchObject({
        status: 200,
      })
      const report = await call(url, 'POST', `/tasks/${task?.id}/complete`, { claim: task?.claim })
      expect(report).toMatchObject({ status: 200 })
    }

    // 50 of them have something by now; the others are given theirs as soon as it is there.
    const rest = await Promise.all(Array.from({ length: pollers - 50 }, () => startProcess(url, 'work')))
    const answers = await Promise.all(polls)
    const handed = answers.flatMap(({ status, body }) => {
      expect(status).toBe(200)
      return (body as ClaimedTasks).tasks
    })
    expect(new Set(handed.map(({ id }) => id)).size).toBe(pollers)

    await Promise.all(handed.map(({ id, claim }) => ask(url, 'POST', `/tasks/${id}/complete`, { claim })))
    const most = rest.map(({ id }) => id)
    const done = work(url, ['often', 'last'])
    for (const id of [...ids, ...most])
      expect(await untilEnded(url, id)).toMatchObject({ state: 'completed' })
    await done
  },
)

/** One worker, until all is done. */
async function work(url: string, names: readonly string[]): Promise<void> {
  for (;;) {
    const request = { worker: 'w', names, max: 100, wait: '1s' }
    const { tasks }: ClaimedTasks = await ask(url, 'POST', '/tasks/claim', request)
    if (tasks.length === 0) return
    const results = tasks.map(({ id, claim }) => ({ task: id, claim }))
    await ask(url, 'POST', '/tasks/claim', { worker: 'w', max: 0, results })
  }
}
