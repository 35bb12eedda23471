import { Client } from 'pg'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { ClaimedTasks, Task } from '../../packages/protocol/dist/index.js'
import { postgresUrl } from '../../packages/postgres/test/support/databases.js'
import { ask, call, getProcess } from '../support/api.js'
import { register, startProcess, untilEnded } from '../support/run-process.js'
import { Load } from '../support/storm/load.js'
import { pause } from '../support/storm/recorder.mjs'
import type { TunaCornServer } from '../support/tunacorn-server.js'
import { newDatabase, runningServer } from '../support/world.js'

/** As the next version would begin: it adds, and takes nothing away. */
const expansion = `
  BEGIN;
  ALTER TABLE tunacorn.process ADD COLUMN future text;
  ALTER TABLE tunacorn.history ADD COLUMN future jsonb;
  ALTER TABLE tunacorn.task_list ADD COLUMN future integer NOT NULL DEFAULT 0;
  CREATE TABLE tunacorn.future (id uuid PRIMARY KEY);
  INSERT INTO tunacorn.migration (version, name) SELECT max(version) + 1, 'of the future' FROM tunacorn.migration;
  COMMIT`

describe.skipIf(postgresUrl() === undefined)('a server of this version, beside one of the next', () => {
  let server: TunaCornServer
  let client: Client
  let databaseUrl: string

  beforeEach(async () => {
    const { database, drop } = await newDatabase('postgres')
    onTestFinished(drop)
    server = await runningServer(database)
    databaseUrl = (database as { url: string }).url
    client = new Client({ connectionString: databaseUrl })
    await client.connect()
    onTestFinished(() => client.end())
  })

  test(
    'goes on while that one migrates; it does not start again on a schema that it does not know',
    { timeout: 120_000 },
    async () => {
      const load = await Load.begin({
        urls: [server.url],
        databaseUrl,
        workers: 1,
        leaseMs: 5_000,
        processesAtOnce: 10,
      })
      onTestFinished(() => load.clearUp())
      await load.untilMoreEnded(3)
      await client.query(expansion)
      await load.untilMoreEnded(5)
      const { anomalies, unavailable } = await load.finish()
      expect(anomalies).toEqual([])
      expect(unavailable).toBe(0)

      await server.stop()
      await expect(server.restart()).rejects.toThrow(/A newer TunaCorn has migrated it: run that version/)
    },
  )

  test(
    'refuses a process with an event that it does not know, and leaves it to those who do',
    { timeout: 60_000 },
    async () => {
      const { url } = server
      await register(url, '{ name: work, tasks: [{ name: a }, { name: b, needs: [a] }] }', 'application/yaml')
      const strange = await startProcess(url, 'work')
      const plain = await startProcess(url, 'work')
      // As the next version has changed it; it is at the very front of the board.
      await client.query(
        `WITH moved AS (UPDATE tunacorn.process SET version = version + 1 WHERE id = $1 RETURNING id, version)
       INSERT INTO tunacorn.history (process_id, version, type, at) SELECT id, version, 'task-teleported', now() FROM moved`,
        [strange.id],
      )
      expect(await call(url, 'POST', `/processes/${strange.id}/cancel`, {})).toMatchObject({
        body: { code: 'history-unknown' },
      })

      // Its tasks are not handed out here, and those of others are.
      const done: string[] = []
      while (done.length < 2) {
        const { tasks }: ClaimedTasks = await ask(url, 'POST', '/tasks/claim', {
          worker: 'w',
          max: 5,
          wait: '1s',
        })
        for (const { id, claim, process } of tasks) {
          expect(process.id).toBe(plain.id)
          done.push(id)
          await ask(url, 'POST', `/tasks/${id}/complete`, { claim })
        }
      }
      expect(await untilEnded(url, plain.id)).toMatchObject({ state: 'completed' })

      // Who cannot do it has given it back: none of its attempts is used up, and whoever can has it at once.
      let waiting: Task | undefined
      while (waiting?.state !== 'scheduled') {
        const { items }: { items: Task[] } = await ask(url, 'GET', `/tasks?process=${strange.id}`)
        waiting = items[0]
        await pause(50)
      }
      await client.query(
        `WITH moved AS (UPDATE tunacorn.process SET version = version - 1 WHERE id = $1)
       DELETE FROM tunacorn.history WHERE process_id = $1 AND type = 'task-teleported'`,
        [strange.id],
      )
      const request = { worker: 'w', process: strange.id, wait: '20s' }
      const { tasks }: ClaimedTasks = await ask(url, 'POST', '/tasks/claim', request)
      expect(tasks).toMatchObject([{ name: 'a', attempt: 1 }])
      expect(await getProcess(url, strange.id)).toMatchObject({ state: 'running', version: 1 })
    },
  )
})
