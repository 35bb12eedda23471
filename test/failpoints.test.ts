import { deepEqual } from 'node:assert/strict'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isProof } from './support/proof.js'
import { PatientClient } from './support/patient-client.js'
import { StatementProxy, type Cut } from './support/statement-proxy.js'
import { TunaCornServer } from './support/tunacorn-server.js'
import { databaseKinds, newDatabase } from './support/world.js'
import { prepareGround, writePaths, type WritePath } from './support/write-paths.js'

const isThere = databaseKinds.some((database) => database.kind === 'postgres' && database.isThere)

/** What servers send by themselves, all the time. */
const background = new Set([
  'beat',
  'due_tasks',
  'due_processes',
  'claimable_names',
  'any_claimable',
  'note_polls',
  'forget_polls',
  'forget_old_once',
  'ended_processes',
  // Whether it is ready.
  'list_processes',
])

/** What must never be, whatever has died when: by what it is called, a query that finds it. */
const anomalies = {
  'runs with nothing on the board (G5)': `SELECT id FROM tunacorn.process p WHERE state IN ('running', 'paused')
    AND NOT EXISTS (SELECT FROM tunacorn.task_list t WHERE t.process_id = p.id)`,
  'has ended, and is on the board': `SELECT t.process_id AS id FROM tunacorn.task_list t
    JOIN tunacorn.process p ON p.id = t.process_id WHERE p.state NOT IN ('running', 'paused')`,
  'has versions that are not 1..n': `SELECT p.id FROM tunacorn.process p JOIN tunacorn.history h ON h.process_id = p.id
    GROUP BY p.id HAVING min(h.version) <> 1 OR max(h.version) <> count(*) OR p.version <> count(*)`,
  'has a task that was completed twice': `SELECT process_id AS id FROM tunacorn.history WHERE type = 'task-completed'
    GROUP BY process_id, task HAVING count(*) > 1`,
  'is no process, but has a history': `SELECT process_id AS id FROM tunacorn.history h
    WHERE NOT EXISTS (SELECT FROM tunacorn.process p WHERE p.id = h.process_id)`,
  'is remembered as started once, but is not there': `SELECT process_id AS id FROM tunacorn.started_once o
    WHERE NOT EXISTS (SELECT FROM tunacorn.process p WHERE p.id = o.process_id)`,
}

/** Where a server is killed. */
type Point = { readonly cut: Cut; readonly count: number } | 'before its answer is heard'

describe.skipIf(!isThere)('a server that is killed', () => {
  let proxy: StatementProxy
  let server: TunaCornServer
  let database: Client
  let drop: () => Promise<void>
  let restarting: Promise<void> | undefined
  let walks = 0
  const tried: string[] = []

  beforeAll(async () => {
    const made = await newDatabase('postgres')
    if (made.database.kind !== 'postgres') throw new Error('Expected a PostgreSQL, as was asked for')
    const { url } = made.database
    drop = made.drop
    proxy = await StatementProxy.start(url)
    server = await TunaCornServer.start(
      { kind: 'postgres', url: proxy.urlOf(url) },
      { TUNACORN_RETENTION: '1d' },
    )
    database = new Client({ connectionString: url })
    await database.connect()
    await prepareGround({ client: new PatientClient(server.url, () => restarting) })
  })

  afterAll(async () => {
    // oxlint-disable-next-line no-console -- what was tried shall be seen
    console.log(`Killed at ${tried.length} points${isProof ? ', which is all' : ''}:\n${tried.join('\n')}`)
    await server.kill()
    await database.end()
    proxy.close()
    await drop()
  })

  async function expectSound(): Promise<void> {
    for (const [what, query] of Object.entries(anomalies)) {
      const { rows } = await database.query<{ id: string }>(query)
      deepEqual(
        rows.map(({ id }) => `${id} ${what}`),
        [],
      )
    }
  }

  /** Walks a path, is killed on the way, and walks it to its end. Answers what the point is called, if there is such a one. */
  async function walk(path: WritePath, point?: Point): Promise<string | undefined> {
    let name: string | undefined
    restarting = undefined
    const killAndRestart = async () => {
      await server.kill()
      await expectSound()
      await server.restart()
    }
    const client = new PatientClient(server.url, () => restarting)
    const go = await path.prepare({ client, database, unique: `${process.pid}-${(walks += 1)}` })
    // What is done once in a while is done when a server has started.
    if (path.statements !== undefined) {
      await server.kill()
      await server.restart()
    }
    if (point === 'before its answer is heard') {
      client.loseNextAnswer(async () => {
        name = point
        await killAndRestart()
      })
    } else if (point !== undefined) {
      const { statements } = path
      const counts = (statement: string) => statements?.includes(statement) ?? !background.has(statement)
      const beKilled = (statement: string): void => {
        name = `${point.cut} ${point.count}. ${statement}`
        restarting = killAndRestart()
      }
      void proxy.untilStatement(point.count, point.cut, counts).then(beKilled)
    }
    await go()
    proxy.disarm()
    // Set by whoever is told of the point.
    await (restarting as Promise<void> | undefined)
    await expectSound()
    return name
  }

  test.for(writePaths)(
    'loses nothing and does nothing twice: when it shall $name',
    { timeout: 600_000 },
    async (path) => {
      const points: string[] = []
      const killedAt = async (point: Point): Promise<boolean> => {
        const name = await walk(path, point)
        if (name === undefined) return false
        points.push(name)
        tried.push(`${path.name}: ${name}`)
        return true
      }
      if (!isProof) {
        // One of them for each path, of each kind for some.
        const cut = writePaths.indexOf(path) % 2 === 0 ? 'before' : 'after'
        expect(await killedAt({ cut, count: 1 })).toBe(true)
        return
      }
      let count = 1
      // Whether there is such a point is only known when it has been tried.
      while ((await killedAt({ cut: 'before', count })) && (await killedAt({ cut: 'after', count })))
        count += 1
      expect(count).toBeGreaterThan(1)
      const passed = new Set(points.map((point) => point.split(' ').at(-1)))
      for (const statement of path.through ?? []) expect(passed).toContain(statement)
      if (path.isAsked) expect(await killedAt('before its answer is heard')).toBe(true)
    },
  )
})
