import type { Counter, Histogram, Registry } from 'prom-client'
import type {
  AttemptOutcome,
  ClaimStatement,
  Commit,
  LaneBatch,
  Observer,
  ProcessStatus,
} from '@tunacorn/core'
import { promClient } from './prom-client.js'
import { Tally } from './tally.js'

/** From a commit on a fast disk to a store that is nearly away. */
const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const sizeBuckets = [1, 2, 5, 10, 25, 50, 100, 250]

/** Measures what an engine does. Statements are observed one by one; what comes with each task is only counted. */
export class EngineMeter implements Observer {
  readonly #batchSize: Histogram
  readonly #laneWait: Histogram
  readonly #commitTime: Histogram
  readonly #commitFailures: Counter
  readonly #conflicts: Counter
  readonly #claimTime: Histogram
  readonly #claimFailures: Counter
  readonly #handedOut: Tally<'tasks'>
  readonly #attempts: Tally<AttemptOutcome>
  readonly #started: Tally<'processes'>
  readonly #ended: Tally<'completed' | 'failed' | 'cancelled'>

  constructor(registry: Registry) {
    const prom = promClient()
    const registers = [registry]
    this.#batchSize = new prom.Histogram({
      name: 'tunacorn_lane_batch_size',
      help: 'Reports, starts and other commands that went together to be decided.',
      buckets: sizeBuckets,
      registers,
    })
    this.#laneWait = new prom.Histogram({
      name: 'tunacorn_lane_wait_seconds',
      help: 'How long the first of a batch waited for the commit before it.',
      buckets: secondsBuckets,
      registers,
    })
    this.#commitTime = new prom.Histogram({
      name: 'tunacorn_commit_duration_seconds',
      help: 'Time of each commit at the database, waiting for a connection included.',
      buckets: secondsBuckets,
      registers,
    })
    this.#commitFailures = new prom.Counter({
      name: 'tunacorn_commit_failures_total',
      help: 'Commits that the database refused or did not answer.',
      registers,
    })
    this.#conflicts = new prom.Counter({
      name: 'tunacorn_version_conflicts_total',
      help: 'Changes decided again because another replica was quicker with their process.',
      registers,
    })
    this.#claimTime = new prom.Histogram({
      name: 'tunacorn_claim_duration_seconds',
      help: 'Time of each claim at the database, waiting for a connection included.',
      buckets: secondsBuckets,
      registers,
    })
    this.#claimFailures = new prom.Counter({
      name: 'tunacorn_claim_failures_total',
      help: 'Claims that the database refused or did not answer.',
      registers,
    })
    this.#handedOut = new Tally({
      name: 'tunacorn_tasks_handed_out_total',
      help: 'Tasks given to workers: by a claim, or handed over by the commit that unlocked them.',
      labels: ['way'],
      kinds: ['tasks'],
      registry,
    })
    for (const way of ['claim', 'handover']) this.#handedOut.count(way, 'tasks', 0)
    this.#attempts = new Tally<AttemptOutcome>({
      name: 'tunacorn_attempts_total',
      help: 'Attempts that are over, by task and how they ended.',
      labels: ['task', 'outcome'],
      kinds: ['completed', 'failed', 'lapsed', 'timed-out', 'not-claimed'],
      registry,
    })
    this.#started = new Tally({
      name: 'tunacorn_processes_started_total',
      help: 'Processes started, by definition.',
      labels: ['definition'],
      kinds: ['processes'],
      registry,
    })
    this.#ended = new Tally({
      name: 'tunacorn_processes_ended_total',
      help: 'Processes that have ended, by definition and how.',
      labels: ['definition', 'state'],
      kinds: ['completed', 'failed', 'cancelled'],
      registry,
    })
  }

  batched({ errands, waitedMs }: LaneBatch): void {
    this.#batchSize.observe(errands)
    this.#laneWait.observe(waitedMs / 1_000)
  }

  committed({ conflicts, handedOver, tookMs, hasFailed }: Commit): void {
    this.#commitTime.observe(tookMs / 1_000)
    if (conflicts > 0) this.#conflicts.inc(conflicts)
    if (handedOver > 0) this.#handedOut.count('handover', 'tasks', handedOver)
    if (hasFailed) this.#commitFailures.inc()
  }

  claimed({ tasks, tookMs, hasFailed }: ClaimStatement): void {
    this.#claimTime.observe(tookMs / 1_000)
    if (tasks > 0) this.#handedOut.count('claim', 'tasks', tasks)
    if (hasFailed) this.#claimFailures.inc()
  }

  attemptEnded(task: string, outcome: AttemptOutcome): void {
    this.#attempts.count(task, outcome)
  }

  processStarted(definition: string): void {
    this.#started.count(definition, 'processes')
  }

  processEnded(definition: string, state: ProcessStatus): void {
    if (state !== 'running' && state !== 'paused') this.#ended.count(definition, state)
  }
}
