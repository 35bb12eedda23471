import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { getProcess } from './support/api.js'
import { chain, denseLayers, diamondGrid, fan } from './support/graph.js'
import { breachesOf, readRun, workOn } from './support/judge.js'
import { untilEnded } from './support/run-process.js'
import { databaseKinds, emptyDatabase, runningServer, startAll, workerProcesses } from './support/world.js'

const graphs = [fan('fan', 300), chain('chain', 40), denseLayers('layers', 5, 20), diamondGrid('grid', 12)]

describe.for(databaseKinds)('on $title', ({ kind, isThere }) => {
  test.skipIf(!isThere)(
    'a server that is killed in the middle of it all, twice, loses nothing',
    { timeout: 60_000 },
    async () => {
      const server = await runningServer(await emptyDatabase(kind))
      const started = await startAll(server.url, graphs)
      const ids = started.map(({ processId }) => processId)
      const workers = workerProcesses({ urls: [server.url], count: 3, batch: 10, lease: '1s', holdMs: 60 })

      for (const share of [0.2, 0.5]) {
        await untilFinished(server.url, ids, share)
        await server.kill()
        await sleep(200)
        await server.restart()
        const finished = await finishedShare(server.url, ids)
        expect(finished).toBeGreaterThanOrEqual(share)
        expect(finished).toBeLessThan(1)
      }
      await Promise.all(ids.map((id) => untilEnded(server.url, id)))

      const work = await workers.stop()
      const interrupted = work.reports.filter(({ tries }) => tries > 1)
      expect(interrupted.length).toBeGreaterThan(0)
      for (const { graph, processId } of started) {
        const run = { graph, processId, work: workOn(processId, work), handOuts: 'after-a-lapse' } as const
        expect(breachesOf(await readRun(server.url, run))).toEqual([])
      }
    },
  )
})

async function untilFinished(url: string, ids: readonly string[], share: number): Promise<void> {
  while ((await finishedShare(url, ids)) < share) await sleep(10)
}

async function finishedShare(url: string, ids: readonly string[]): Promise<number> {
  const all = (await Promise.all(ids.map((id) => getProcess(url, id)))).map(({ progress }) => progress)
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
  return sum(all.map(({ finished }) => finished)) / sum(all.map(({ total }) => total))
}
