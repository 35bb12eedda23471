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

/** What is done to those who take part, and how often of a hundred times. */
const troubles = {
  'server kills': 32,
  'worker kills': 12,
  'database kills': 6,
  'worker pauses': 10,
  'server pauses': 10,
  'connections cut': 14,
  'answers lost': 16,
} as const

type Trouble = keyof typeof troubles

export interface StormReport extends LoadReport {
  readonly seconds: number
  readonly troubles: Readonly<Record<Trouble, number>>
}

/** Three servers, six workers and one PostgreSQL, to which everything happens that can. */
export class Storm {
  readonly #cluster: ThrowAwayCluster
  readonly #servers: TunaCornServer[] = []
  readonly #proxies: LossyProxy[] = []
  readonly #counts = Object.fromEntries(Object.keys(troubles).map((name) => [name, 0])) as Record<
    Trouble,
    number
  >
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
    const end = performance.now() + ms
    while (performance.now() < end) {
      const trouble = this.#nextTrouble()
      onTrouble(trouble)
      await this.#make(trouble, load)
      await pause(100 + Math.random() * 1_200)
    }
    const report = await load.finish()
    const seconds = Math.round((performance.now() - begin) / 1_000)
    return { seconds, troubles: this.#counts, ...report }
  }

  #anyServer(): TunaCornServer {
    return oneOf(this.#servers)
  }

  #nextTrouble(): Trouble {
    let dice = Math.random() * Object.values(troubles).reduce((sum, share) => sum + share, 0)
    for (const [name, share] of Object.entries(troubles)) {
      dice -= share
      if (dice < 0) return name as Trouble
    }
    return 'server kills'
  }

  async #make(trouble: Trouble, load: Load): Promise<void> {
    this.#counts[trouble] += 1
    const server = this.#anyServer()
    const n = Math.floor(Math.random() * workerCount)
    const worker = load.workers[n]
    switch (trouble) {
      case 'server kills':
        await server.kill()
        return server.restart()
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
