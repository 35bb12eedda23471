import type { Registry } from 'prom-client'
import type { Engine, Store } from '@tunacorn/core'
import { promClient } from './prom-client.js'
import { Reading } from './reading.js'

/** What is seen by looking when somebody scrapes: at the engine and its connections, and, now and then, at the store. */
export function addGauges(registry: Registry, engine: Engine, store: Store): void {
  const registers = [registry]
  addPolls(registers, engine)
  if (store.connections !== undefined) addConnections(registers, store)
  addReadings(registers, engine, store)
}

function addPolls(registers: Registry[], engine: Engine): void {
  new (promClient().Gauge)({
    name: 'tunacorn_long_polls',
    help: 'Requests that wait for work, and for something to happen to a process.',
    labelNames: ['for'],
    registers,
    collect() {
      const { waitingForTasks, waitingForProcesses } = engine.load()
      this.set({ for: 'tasks' }, waitingForTasks)
      this.set({ for: 'processes' }, waitingForProcesses)
    },
  })
}

function addConnections(registers: Registry[], store: Store): void {
  new (promClient().Gauge)({
    name: 'tunacorn_database_connections',
    help: 'Connections to the database, busy and idle, and how many there may be.',
    labelNames: ['state'],
    registers,
    collect() {
      const { open = 0, idle = 0, max = 0 } = store.connections?.() ?? {}
      this.set({ state: 'busy' }, open - idle)
      this.set({ state: 'idle' }, idle)
      this.set({ state: 'max' }, max)
    },
  })
  new (promClient().Gauge)({
    name: 'tunacorn_database_connection_waiters',
    help: 'Statements that wait for a connection.',
    registers,
    collect() {
      this.set(store.connections?.().waiting ?? 0)
    },
  })
}

function addReadings(registers: Registry[], engine: Engine, store: Store): void {
  const reading = new Reading(async () => {
    await engine.ping()
    return { snapshotAgeMs: await store.snapshotAgeMs?.() }
  })
  new (promClient().Gauge)({
    name: 'tunacorn_database_up',
    help: 'Whether the store could be read just now.',
    registers,
    async collect() {
      this.set((await reading.get()) === undefined ? 0 : 1)
    },
  })
  if (store.snapshotAgeMs === undefined) return
  new (promClient().Gauge)({
    name: 'tunacorn_database_snapshot_age_seconds',
    help: 'Age of the oldest transaction that keeps what is dead from being cleaned away.',
    registers,
    async collect() {
      const { snapshotAgeMs } = (await reading.get()) ?? {}
      if (snapshotAgeMs === undefined) this.remove()
      else this.set(snapshotAgeMs / 1_000)
    },
  })
}
