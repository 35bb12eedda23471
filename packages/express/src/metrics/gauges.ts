import type { Registry } from 'prom-client'
import type { Engine, Store } from '@tunacorn/core'
import { addBoardGauges } from './board-gauges.js'
import { promClient } from './prom-client.js'
import { Reading } from './reading.js'

/** What is seen by looking when somebody scrapes: at the engine and its connections, and, now and then, at the store. */
export function addGauges(registry: Registry, engine: Engine, store: Store): void {
  const overview = new Reading(() => engine.overview())
  addPolls(registry, engine)
  addBoardGauges(registry, overview)
  const { Gauge } = promClient()
  new Gauge({
    name: 'tunacorn_database_up',
    help: 'Whether the store could be read just now, within a second.',
    registers: [registry],
    async collect() {
      this.set((await overview.get()) === undefined ? 0 : 1)
    },
  })
  if (store.connections !== undefined) addConnections(registry, store)
  if (store.snapshotAgeMs !== undefined) addSnapshotAge(registry, store)
}

function addPolls(registry: Registry, engine: Engine): void {
  const { Gauge } = promClient()
  new Gauge({
    name: 'tunacorn_long_polls',
    help: 'Requests that wait for work, and for something to happen to a process.',
    labelNames: ['for'],
    registers: [registry],
    collect() {
      const { waitingForTasks, waitingForProcesses } = engine.load()
      this.set({ for: 'tasks' }, waitingForTasks)
      this.set({ for: 'processes' }, waitingForProcesses)
    },
  })
}

function addConnections(registry: Registry, store: Store): void {
  const { Gauge } = promClient()
  new Gauge({
    name: 'tunacorn_database_connections',
    help: 'Connections to the database, busy and idle, and how many there may be.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { open = 0, idle = 0, max = 0 } = store.connections?.() ?? {}
      this.set({ state: 'busy' }, open - idle)
      this.set({ state: 'idle' }, idle)
      this.set({ state: 'max' }, max)
    },
  })
  new Gauge({
    name: 'tunacorn_database_connection_waiters',
    help: 'Statements that wait for a connection.',
    registers: [registry],
    collect() {
      this.set(store.connections?.().waiting ?? 0)
    },
  })
}

function addSnapshotAge(registry: Registry, store: Store): void {
  const { Gauge } = promClient()
  const age = new Reading(async () => store.snapshotAgeMs?.())
  new Gauge({
    name: 'tunacorn_database_snapshot_age_seconds',
    help: 'Age of the oldest transaction that keeps what is dead from being cleaned away.',
    registers: [registry],
    async collect() {
      const ageMs = await age.get()
      if (ageMs === undefined) this.remove()
      else this.set(ageMs / 1_000)
    },
  })
}
