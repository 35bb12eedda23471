import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { ThrowAwayCluster } from '../../packages/postgres/test/support/throw-away-cluster.js'
import { isProof, isThere } from '../support/proof.js'
import { SmallDisk } from '../support/small-disk.js'
import { Load } from '../support/storm/load.js'
import { pause } from '../support/storm/recorder.mjs'
import { runningServer } from '../support/world.js'

const megabytes = 200
const settings = { min_wal_size: '32MB', max_wal_size: '48MB', shared_buffers: '16MB' }
/** Answers that say "not now" before the disk is freed. */
const enough = isProof ? 200 : 20

const isRoot = process.getuid?.() === 0
const canRun =
  ThrowAwayCluster.find() !== undefined &&
  isThere(SmallDisk.canMount(), {
    what: 'small disk to fill: only root can make one, on Linux.',
    mayMiss: !isRoot,
  })

test.skipIf(!canRun)(
  'a database whose disk is full: writes are answered 503 with Retry-After, and all goes on once there is space',
  { timeout: isProof ? 600_000 : 120_000 },
  async () => {
    const disk = SmallDisk.mount(megabytes)
    onTestFinished(() => disk.unmount())
    const cluster = await ThrowAwayCluster.create({ parent: disk.directory, settings })
    onTestFinished(() => cluster.remove())
    const server = await runningServer({ kind: 'postgres', url: cluster.url })
    const load = await Load.begin({
      urls: [server.url],
      databaseUrl: cluster.url,
      workers: 1,
      leaseMs: 2_000,
      processesAtOnce: 10,
    })
    onTestFinished(() => load.clearUp())

    for (let n = 0; n < (isProof ? 10 : 1); n += 1) {
      await load.untilMoreEnded(2)
      disk.fill()
      // Until nothing more fits into what PostgreSQL had in hand.
      for (let refused = 0; refused < enough;) {
        const { status, retryAfter } = await write(server.url)
        if (status === 503) {
          expect(retryAfter).toBe('1')
          refused += 1
        } else expect(status, server.log).toBe(201)
        await pause(10)
      }
      expect(server.isRunning).toBe(true)
      disk.free()
      // PostgreSQL ends itself where it cannot write its log: whoever runs it starts it again.
      while (!(await isBack(server.url))) {
        if (!cluster.isRunning) await cluster.start()
        await pause(100)
      }
      await load.untilMoreEnded(2)
    }
    const { anomalies, unavailable } = await load.finish()
    expect(anomalies).toEqual([])
    expect(unavailable).toBeGreaterThan(0)
    expect(server.isRunning).toBe(true)
  },
)

/** A write of much, so that what is left of the disk is soon used up. */
async function write(url: string) {
  const response = await fetch(`${url}/definitions`, {
    method: 'POST',
    headers: { 'content-type': 'application/yaml' },
    // Nothing that could be compressed.
    body: `name: filler\ntasks: [{ name: a }]\n# ${randomBytes(700_000).toString('base64')}\n`,
  })
  await response.arrayBuffer()
  return { status: response.status, retryAfter: response.headers.get('retry-after') }
}

async function isBack(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`)
  await response.arrayBuffer()
  return response.ok
}
