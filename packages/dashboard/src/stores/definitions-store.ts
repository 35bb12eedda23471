import { signal } from '@preact/signals'
import type { Definition, DefinitionSummary } from '@tunacorn/protocol'
import { poll, type Polling } from './polling.js'
import { client } from './session.js'

const everyMs = 10_000
const pageSize = 100
/** With more than so many versions, who looks for one has its number. */
const mostVersions = 100

/** The definitions, a page of them. */
export class DefinitionsStore {
  readonly items = signal<readonly DefinitionSummary[] | undefined>(undefined)
  readonly nextCursor = signal<string | undefined>(undefined)
  readonly problem = signal<string | undefined>(undefined)
  readonly #cursor: string | undefined
  #polling: Polling | undefined

  constructor(cursor?: string) {
    this.#cursor = cursor
  }

  start(): void {
    this.#polling = poll((aborted) => this.#load(aborted), everyMs, this.problem)
  }

  stop(): void {
    this.#polling?.stop()
  }

  async #load(aborted: AbortSignal): Promise<void> {
    const query = { limit: pageSize, ...(this.#cursor !== undefined && { cursor: this.#cursor }) }
    const { items, nextCursor } = await client.value.listDefinitions(query, { signal: aborted })
    this.items.value = items
    this.nextCursor.value = nextCursor
  }
}

/** A definition: its versions, and one of them whole. */
export class DefinitionStore {
  readonly versions = signal<readonly DefinitionSummary[]>([])
  readonly definition = signal<Definition | undefined>(undefined)
  readonly source = signal<string | undefined>(undefined)
  readonly problem = signal<string | undefined>(undefined)
  readonly #name: string
  readonly #version: number | undefined
  #polling: Polling | undefined

  constructor(name: string, version: number | undefined) {
    this.#name = name
    this.#version = version
  }

  start(): void {
    this.#polling = poll((aborted) => this.#load(aborted), everyMs, this.problem)
  }

  stop(): void {
    this.#polling?.stop()
  }

  async #load(aborted: AbortSignal): Promise<void> {
    const options = { signal: aborted }
    const { items } = await client.value.listDefinitionVersions(this.#name, { limit: mostVersions }, options)
    const version = this.#version ?? defaultOf(items)?.version
    if (version !== undefined && this.definition.peek()?.version !== version) {
      const [definition, source] = await Promise.all([
        client.value.getDefinitionVersion(this.#name, version, options),
        client.value.getDefinitionSource(this.#name, version, options),
      ])
      this.definition.value = definition
      this.source.value = source
    }
    this.versions.value = items
  }
}

/** The version that was registered last. */
export function defaultOf(versions: readonly DefinitionSummary[]): DefinitionSummary | undefined {
  return versions.reduce<DefinitionSummary | undefined>(
    (latest, one) => (latest === undefined || one.registeredAt > latest.registeredAt ? one : latest),
    undefined,
  )
}
