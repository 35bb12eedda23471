import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./worker.mjs', import.meta.url))

export interface WorkerOptions {
  /** Servers of one database; each worker works for one of them. */
  readonly urls: readonly string[]
  readonly count: number
  /** How many tasks one call may hand out. */
  readonly batch: number
  /** As on the wire: `30s`. */
  readonly lease: string
  /** Tasks are held for a random time up to this. */
  readonly holdMs?: number
  /** The share of tasks that are given back instead of finished, 0 to 1. */
  readonly releases?: number
}

/** A task as it was handed out. Times are microseconds of a clock that all processes of the machine share. */
export interface ClaimRecord {
  readonly worker: string
  readonly task: string
  readonly name: string
  readonly process: string
  readonly claim: string
  readonly attempt: number
  readonly needs?: Readonly<Record<string, unknown>>
  readonly claimedAt: number
}

export interface ReportRecord {
  readonly worker: string
  readonly task: string
  readonly claim: string
  readonly status: number
  readonly code?: string
  readonly sentAt: number
  readonly answeredAt: number
  /** How often it was sent until it was answered. */
  readonly tries: number
}

export interface ReleaseRecord {
  readonly worker: string
  readonly task: string
  readonly claim: string
  readonly releasedAt: number
  readonly status: number
}

export interface WorkRecord {
  readonly claims: readonly ClaimRecord[]
  readonly reports: readonly ReportRecord[]
  readonly releases: readonly ReleaseRecord[]
}

interface WorkerProcess {
  readonly name: string
  readonly child: ChildProcess
  complaint: string
}

/** Workers, each in a process of its own, that claim whatever there is and keep records of it. */
export class WorkerProcesses {
  readonly #workers: readonly WorkerProcess[]

  constructor({ urls, count, holdMs = 0, releases = 0, ...options }: WorkerOptions) {
    this.#workers = Array.from({ length: count }, (_, place) => {
      const name = `worker-${place + 1}`
      const url = urls[place % urls.length]
      const argument = JSON.stringify({ ...options, url, holdMs, releases, worker: name })
      const child = fork(program, [argument], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
      const worker = { name, child, complaint: '' }
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (worker.complaint += text))
      return worker
    })
  }

  /** What they did since they were last asked, once they hold nothing. */
  collect(): Promise<WorkRecord> {
    return this.#gather('collect')
  }

  /** Lets them report what they hold; resolves when all have ended, with what they did since they were last asked. */
  stop(): Promise<WorkRecord> {
    return this.#gather('stop')
  }

  kill(): void {
    for (const { child } of this.#workers) child.kill('SIGKILL')
  }

  async #gather(message: 'collect' | 'stop'): Promise<WorkRecord> {
    const records = await Promise.all(
      this.#workers.map(async (worker) => {
        const record = await recordOf(worker, message)
        const withWorker = <One extends object>(one: One) => ({ ...one, worker: worker.name })
        return {
          claims: record.claims.map(withWorker),
          reports: record.reports.map(withWorker),
          releases: record.releases.map(withWorker),
        }
      }),
    )
    return {
      claims: records.flatMap(({ claims }) => claims),
      reports: records.flatMap(({ reports }) => reports),
      releases: records.flatMap(({ releases }) => releases),
    }
  }
}

function recordOf(worker: WorkerProcess, message: 'collect' | 'stop'): Promise<WorkRecord> {
  const { child } = worker
  return new Promise((resolve, reject) => {
    const onMessage = ({ record }: { record: WorkRecord }) => {
      child.off('exit', onExit)
      resolve(record)
    }
    const onExit = (code: number | null) => {
      child.off('message', onMessage)
      reject(
        new Error(`Expected a worker to tell what it did, but it ended with ${code}:\n${worker.complaint}`),
      )
    }
    child.once('message', onMessage)
    child.once('exit', onExit)
    if (child.connected) child.send(message)
    else onExit(child.exitCode)
  })
}
