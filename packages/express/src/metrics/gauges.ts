import type { Registry } from 'prom-client'
import type { Engine, Store } from '@tunacorn/core'
import { addBoardGauges } from './board-gauges.js'
import { addGauge } from './gauge.js'
import { Reading } from './reading.js'

/** What is seen by looking when somebody scrapes: at the engine and its connections, and, now and then, at the store. */
export function addGauges(registry: Registry, engine: Engine, store: Store): void {
  const overview = new Reading(() => engine.overview())
  addGauge(registry, {
    name: 'tunacorn_long_polls',
    help: 'Requests that wait for work, and for something to happen to a process.',
    labels: ['for'],
    look() {
      const { waitingForTasks, waitingForProcesses } = engine.load()
      return [
        [waitingForTasks, { for: 'tasks' }],
        [waitingForProcesses, { for: 'processes' }],
      ]
    },
  })
  addBoardGauges(registry, overview)
  addGauge(registry, {
    name: 'tunacorn_database_up',
    help: 'Whether the store could be read just now, within a second.',
    labels: [],
    look: async () => [[(await overview.get()) === undefined ? 0 : 1]],
  })
  if (store.connections !== undefined) addConnections(registry, store.connections.bind(store))
  if (store.snapshotAgeMs !== undefined) addSnapshotAge(registry, store.snapshotAgeMs.bind(store))
}

function addConnections(registry: Registry, use: NonNullable<Store['connections']>): void {
  addGauge(registry, {
    name: 'tunacorn_database_connections',
    help: 'Connections to the database, busy and idle, and how many there may be.',
    labels: ['state'],
    look() {
      const { open, idle, max } = use()
      return [
        [open - idle, { state: 'busy' }],
        [idle, { state: 'idle' }],
        [max, { state: 'max' }],
      ]
    },
  })
  addGauge(registry, {
    name: 'tunacorn_database_connection_waiters',
    help: 'Statements that wait for a connection.',
    labels: [],
    look: () => [[use().waiting]],
  })
}

function addSnapshotAge(registry: Registry, read: NonNullable<Store['snapshotAgeMs']>): void {
  const age = new Reading(read)
  addGauge(registry, {
    name: 'tunacorn_database_snapshot_age_seconds',
    help: 'Age of the oldest transaction that keeps what is dead from being cleaned away.',
    labels: [],
    async look() {
      const ageMs = await age.get()
      return ageMs === undefined ? [] : [[ageMs / 1_000]]
    },
  })
}
