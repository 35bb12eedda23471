import { describe, expect, test } from 'vitest'
import { denseLayers, fan } from './support/graph.js'
import { breachesOf, readRun, workOn } from './support/judge.js'
import { untilEnded } from './support/run-process.js'
import { databaseKinds, emptyDatabase, runningServer, startAll, workerProcesses } from './support/world.js'

const graphs = [fan('fan', 400), denseLayers('layers', 6, 30)]

describe.for(databaseKinds)('on $title', ({ kind, isThere }) => {
  // Real PostgreSQL serves several servers at once.
  const serverCount = kind === 'postgres' ? 2 : 1

  test.skipIf(!isThere)(
    'two workers that hammer one board never hold the same task, also when tasks are given back',
    { timeout: 60_000 },
    async () => {
      const database = await emptyDatabase(kind)
      const servers = await Promise.all(Array.from({ length: serverCount }, () => runningServer(database)))
      const urls = servers.map(({ url }) => url)
      const url = urls[0] ?? ''
      const started = await startAll(url, graphs)

      const workers = workerProcesses({ urls, count: 2, batch: 7, lease: '5s', holdMs: 10, releases: 0.3 })
      await Promise.all(started.map(({ processId }) => untilEnded(url, processId)))

      const work = await workers.stop()
      expect(work.releases.filter(({ status }) => status !== 204)).toEqual([])
      expect(work.releases.length).toBeGreaterThan(50)
      for (const { graph, processId } of started) {
        const run = { graph, processId, work: workOn(processId, work), handOuts: 'after-a-release' } as const
        expect(breachesOf(await readRun(url, run))).toEqual([])
      }
    },
  )
})
