import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import type { HistoryEvent, Process } from '../packages/protocol/dist/index.js'
import { allTasks, ask, getProcess, wholeHistory } from './support/api.js'
import { ClientWorker } from './support/client-worker.js'
import { register, startProcess, untilEnded } from './support/run-process.js'
import { TunaCornServer } from './support/tunacorn-server.js'
import { databaseKinds, newDatabase } from './support/world.js'

const heartbeatMs = 500

const definition = `
name: work
tasks:
  - name: Work
    retry: { limit: 1, delay: 10ms }
    heartbeat: ${heartbeatMs}ms
  - name: Next
    needs: [Work]
`

interface Run {
  readonly id: string
  readonly worker: (name: string, blocks?: boolean) => ClientWorker
}

describe.for(databaseKinds)('on $title', ({ kind, isThere }) => {
  let url: string
  beforeAll(async () => {
    if (!isThere) return
    const { database, drop } = await newDatabase(kind)
    const server = await TunaCornServer.start(database)
    url = server.url
    await register(url, definition, 'application/yaml')
    return async () => {
      await server.kill()
      await drop()
    }
  })

  const running = async (): Promise<Run> => {
    const { id } = await startProcess(url, 'work')
    return { id, worker: (name, blocks = false) => new ClientWorker({ url, name, process: id, blocks }) }
  }

  describe.skipIf(!isThere)('a worker that is killed', () => {
    test('leaves its task to another, and its attempt to the history', async () => {
      const { id, worker } = await running()
      const first = worker('first')
      expect(await first.says()).toMatchObject({ task: 'Work', attempt: 1 })
      first.kill()

      const second = worker('second')
      expect(await second.says()).toMatchObject({ task: 'Work', attempt: 2 })
      second.finish()
      expect(await second.says()).toMatchObject({ task: 'Next', attempt: 1 })
      second.finish()
      expect(await untilEnded(url, id)).toMatchObject({ state: 'completed' })

      const [, worked] = await wholeHistory(url, id)
      expect(worked).toMatchObject({ type: 'task-completed', name: 'Work', worker: 'second', attempt: 2 })
      expect(worked?.lapsed).toMatchObject([{ attempt: 1, worker: 'first' }])
      const [lapsed] = worked?.lapsed ?? []
      const heldMs = Date.parse(lapsed?.leaseExpiredAt ?? '') - Date.parse(lapsed?.claimedAt ?? '')
      expect(heldMs).toBeGreaterThanOrEqual(heartbeatMs)
    })

    test('every time ends the process once the attempts are used up, also when nobody asks any more', async () => {
      const { id, worker } = await running()
      for (const attempt of [1, 2]) {
        const dying = worker(`dying ${attempt}`)
        expect(await dying.says()).toMatchObject({ task: 'Work', attempt })
        dying.kill()
      }

      expect(await untilEnded(url, id)).toMatchObject({ state: 'failed' })
      const failed = (await wholeHistory(url, id)).at(-1)
      expect(failed).toMatchObject({ name: 'Work', cause: 'lapsed', attempt: 2, worker: 'dying 2' })
      expect(failed?.lapsed).toMatchObject([{ attempt: 1, worker: 'dying 1' }])
      expect(await ask(url, 'GET', `/tasks?process=${id}`)).toEqual({ items: [] })
    })
  })

  describe.skipIf(!isThere)('a worker that sleeps past its lease', () => {
    test('has its report refused once the task has been handed out again, and nothing changed by it', async () => {
      const { id, worker } = await running()
      const sleeper = worker('sleeper', true)
      expect(await sleeper.says()).toMatchObject({ task: 'Work', attempt: 1 })
      sleeper.fallAsleep()
      const other = worker('other')
      expect(await other.says()).toMatchObject({ task: 'Work', attempt: 2 })

      sleeper.finish()
      sleeper.wakeUp()
      const refused = await untilRefused(url, id)
      expect(refused).toMatchObject({ name: 'Work' })
      expect(refused.lateReport).toMatchObject({
        worker: 'sleeper',
        attempt: 1,
        said: 'completed',
        value: { by: 'sleeper' },
      })
      expect(await workOf(url, id)).toMatchObject({ state: 'claimed', worker: 'other', attempt: 2 })

      other.finish()
      await untilNext(url, id)
      expect(await workOf(url, id)).toMatchObject({ state: 'completed', attempt: 2, output: { by: 'other' } })
      const completions = (await wholeHistory(url, id)).filter(({ type }) => type === 'task-completed')
      expect(completions.map(({ name, worker: by }) => [name, by])).toEqual([['Work', 'other']])
    })

    test('has its report refused after the other has completed the task as well', async () => {
      const { id, worker } = await running()
      const sleeper = worker('sleeper', true)
      await sleeper.says()
      sleeper.fallAsleep()
      const other = worker('other')
      await other.says()
      other.finish()
      await untilNext(url, id)

      sleeper.finish()
      sleeper.wakeUp()
      expect((await untilRefused(url, id)).lateReport).toMatchObject({ worker: 'sleeper', attempt: 1 })
      expect(await workOf(url, id)).toMatchObject({ state: 'completed', output: { by: 'other' } })
    })

    test('is told so, and works on', async () => {
      const { id, worker } = await running()
      const sleeper = worker('sleeper')
      await sleeper.says()
      sleeper.fallAsleep()
      const other = worker('other')
      await other.says()
      sleeper.wakeUp()
      expect(await sleeper.says()).toMatchObject({ type: 'lost', task: 'Work', attempt: 1 })

      other.finish()
      const next = await Promise.race([sleeper.says(), other.says()])
      expect(next).toMatchObject({ type: 'handed', task: 'Next', attempt: 1 })
      expect(await getProcess(url, id)).toMatchObject({ state: 'running' })
    })

    test('still has its task where nobody else wanted it', async () => {
      const { id, worker } = await running()
      const sleeper = worker('sleeper')
      await sleeper.says()
      sleeper.fallAsleep()
      await sleep(2 * heartbeatMs)
      sleeper.finish()
      sleeper.wakeUp()
      await untilNext(url, id)
      expect(await workOf(url, id)).toMatchObject({
        state: 'completed',
        attempt: 1,
        output: { by: 'sleeper' },
      })
    })
  })
})

async function workOf(url: string, id: string): Promise<object | undefined> {
  return (await allTasks(url, id)).find(({ name }) => name === 'Work')
}

/** Until the task after it is on the board. */
async function untilNext(url: string, id: string): Promise<void> {
  for (;;) {
    const { progress }: Process = await getProcess(url, id)
    if (progress.finished > 0) return
    await sleep(20)
  }
}

async function untilRefused(url: string, id: string): Promise<HistoryEvent> {
  for (;;) {
    const refused = (await wholeHistory(url, id)).find(({ type }) => type === 'report-refused')
    if (refused !== undefined) return refused
    await sleep(20)
  }
}
