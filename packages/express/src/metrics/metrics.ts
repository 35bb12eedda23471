import type { Registry } from 'prom-client'
import type { Engine, Observer, Store } from '@tunacorn/core'
import { EngineMeter } from './engine-meter.js'
import { addGauges } from './gauges.js'
import { promClient } from './prom-client.js'
import { Tally } from './tally.js'

/** All that is measured, in one registry: for who scrapes, and told to by the engine and by each answer. */
export class Metrics {
  readonly observer: Observer
  readonly #registry: Registry
  readonly #requests: Tally<string>

  /** @param registry the host's, which measures the program itself as it likes; else one of our own that does. */
  constructor(registry?: Registry) {
    const { collectDefaultMetrics, Registry: OwnRegistry } = promClient()
    this.#registry = registry ?? new OwnRegistry()
    if (registry === undefined) collectDefaultMetrics({ register: this.#registry })
    this.observer = new EngineMeter(this.#registry)
    this.#requests = new Tally({
      name: 'tunacorn_http_requests_total',
      help: 'Requests answered, by operation of openapi.yaml and status.',
      labels: ['operation', 'status'],
      // The alert is for the first one too.
      kinds: ['500'],
      registry: this.#registry,
    })
  }

  /** What can be seen by looking, once there is something to look at. */
  watch(engine: Engine, store: Store): void {
    addGauges(this.#registry, engine, store)
  }

  answered(operation: string, status: number): void {
    this.#requests.count(operation, String(status))
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Everything, as Prometheus reads it. Never waits long: what cannot be read is left out. */
  async text(): Promise<string> {
    return this.#registry.metrics()
  }
}
