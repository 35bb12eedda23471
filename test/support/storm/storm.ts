import { ThrowAwayCluster } from '../../../packages/postgres/test/support/throw-away-cluster.js'
import { TunaCornServer } from '../tunacorn-server.js'
import { Load, type LoadReport } from './load.js'
import { LossyProxy } from './lossy-proxy.js'
import { oneOf, pause } from './recorder.mjs'

const serverCount = 3
const workerCount = 6
const leaseMs = 1_000
/** Longer than a lease, so that the work of who sleeps is given to others. */
const longSleepMs = 2_500
const processesAtOnce = 40

/** What is done to servers, and how often in comparison. */
const serverTroubles = { 'server kills': 3, 'server pauses': 1 } as const
/** What is done to all others, at the same time. */
const otherTroubles = {
  'worker kills': 12,
  'database kills': 4,
  'worker pauses': 15,
  'connections cut': 25,
  'answers lost': 25,
} as const

const noTroubles = {
  'server kills': 0,
  'server pauses': 0,
  'worker kills': 0,
  'database kills': 0,
  'worker pauses': 0,
  'connections cut': 0,
  'answers lost': 0,
}

type Trouble = keyof typeof noTroubles
type Shares = Readonly<Partial<Record<Trouble, number>>>

export interface StormReport extends LoadReport {
  readonly seconds: number
  readonly troubles: Readonly<Record<Trouble, number>>
}

/** Three servers, six workers and one PostgreSQL, to which everything happens that can. */
export class Storm {
  readonly #cluster: ThrowAwayCluster
  readonly #servers: TunaCornServer[] = []
  readonly #proxies: LossyProxy[] = []
  readonly #counts: Record<Trouble, number> = { ...noTroubles }
  #load: Load | undefined

  private constructor(cluster: ThrowAwayCluster) {
    this.#cluster = cluster
  }

  static async run(
    minutes: number,
    onTrouble: (line: string) => void = () => undefined,
  ): Promise<StormReport> {
    const cluster = await ThrowAwayCluster.create()
    const storm = new Storm(cluster)
    try {
      return await storm.#run(minutes * 60_000, onTrouble)
    } finally {
      await storm.#clearUp()
    }
  }

  async #run(ms: number, onTrouble: (line: string) => void): Promise<StormReport> {
    const begin = performance.now()
    const database = { kind: 'postgres', url: this.#cluster.url } as const
    for (let n = 0; n < serverCount; n += 1) {
      const server = await TunaCornServer.start(database)
      this.#servers.push(server)
      this.#proxies.push(await LossyProxy.start(server.url))
    }
    const load = await Load.begin({
      urls: this.#proxies.map(({ url }) => url),
      databaseUrl: this.#cluster.url,
      workers: workerCount,
      leaseMs,
      processesAtOnce,
    })
    this.#load = load
    let end = performance.now() + ms
    // Two at a time: whoever waits for a server to be back must not keep the others from having their troubles.
    const troubles = [serverTroubles, otherTroubles].map(async (shares) => {
      try {
        while (performance.now() < end) {
          const trouble = nextTrouble(shares)
          onTrouble(trouble)
          await this.#make(trouble, load)
          await pause(500 + Math.random() * 2_500)
        }
      } finally {
        end = 0
      }
    })
    await Promise.allSettled(troubles)
    await Promise.all(troubles)
    const report = await load.finish()
    const seconds = Math.round((performance.now() - begin) / 1_000)
    return { seconds, troubles: this.#counts, ...report }
  }

  #anyServer(): TunaCornServer {
    return oneOf(this.#servers)
  }

  async #make(trouble: Trouble, load: Load): Promise<void> {
    this.#counts[trouble] += 1
    const server = this.#anyServer()
    const n = Math.floor(Math.random() * workerCount)
    const worker = load.workers[n]
    switch (trouble) {
      case 'server kills':
        await server.kill()
        return restart(server)
      case 'worker kills':
        worker?.kill('SIGKILL')
        return load.startWorker(n)
      case 'database kills':
        await this.#cluster.kill()
        return this.#cluster.start()
      case 'worker pauses':
        worker?.kill('SIGSTOP')
        await pause(longSleepMs)
        worker?.kill('SIGCONT')
        return
      case 'server pauses':
        server.fallAsleep()
        await pause(300 + Math.random() * 2_000)
        return server.wakeUp()
      case 'connections cut':
        oneOf(this.#proxies).cut()
        return
      case 'answers lost':
        return oneOf(this.#proxies).loseAnswers(1 + Math.floor(Math.random() * 10))
    }
  }

  async #clearUp(): Promise<void> {
    await this.#load?.clearUp()
    await Promise.all(this.#servers.map((server) => server.kill()))
    await Promise.all(this.#proxies.map((proxy) => proxy.close()))
    await this.#cluster.remove()
  }
}

function nextTrouble(shares: Shares): Trouble {
  const names = Object.keys(shares) as Trouble[]
  return oneOf(names.flatMap((name) => Array.from({ length: shares[name] ?? 0 }, () => name)))
}

/** A server does not start without its database, which may just be down: then again, as who runs it would. */
async function restart(server: TunaCornServer, triesLeft = 5): Promise<void> {
  try {
    await server.restart()
  } catch (error) {
    if (triesLeft === 0) throw error
    await pause(500)
    await restart(server, triesLeft - 1)
  }
}
