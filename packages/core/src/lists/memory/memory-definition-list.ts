import type { MemoryData } from './memory-data.js'
import { noTransactions } from './no-transactions.js'
import type {
  DefinitionList,
  DefinitionSummary,
  NewDefinition,
  StoredDefinition,
} from '../definition-list.js'

/** Definitions in memory: for each name its versions, the default one last. */
export class MemoryDefinitionList implements DefinitionList {
  readonly store: MemoryData

  constructor(store: MemoryData) {
    this.store = store
  }

  within(): never {
    throw noTransactions()
  }

  async register(added: NewDefinition): Promise<{ stored: DefinitionSummary; created: boolean }> {
    const versions = this.store.definitions.get(added.name) ?? []
    const now = this.store.now()
    const known = versions.find(({ source }) => source === added.source)
    const stored: StoredDefinition =
      known === undefined
        ? {
            ...added,
            version: this.#nextVersion(added.name),
            description: added.definition.description,
            taskCount: added.definition.tasks.length,
            createdAt: now,
            registeredAt: now,
          }
        : { ...known, registeredAt: now }
    this.store.definitions.set(added.name, [...versions.filter((one) => one !== known), stored])
    return { stored: summary(stored), created: known === undefined }
  }

  async fetch(name: string, version?: number): Promise<StoredDefinition | undefined> {
    const versions = this.store.definitions.get(name) ?? []
    return version === undefined ? versions.at(-1) : versions.find((one) => one.version === version)
  }

  async defaultWithout(name: string, version: number): Promise<StoredDefinition | undefined> {
    return this.store.definitions.get(name)?.findLast((one) => one.version !== version)
  }

  async list(page: {
    readonly afterName?: string | undefined
    readonly limit: number
  }): Promise<DefinitionSummary[]> {
    return [...this.store.definitions]
      .filter(([name]) => page.afterName === undefined || name > page.afterName)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, page.limit)
      .flatMap(([, versions]) => versions.slice(-1).map(summary))
  }

  async versions(
    name: string,
    page: { readonly beforeVersion?: number | undefined; readonly limit: number },
  ): Promise<DefinitionSummary[]> {
    return (this.store.definitions.get(name) ?? [])
      .filter(({ version }) => page.beforeVersion === undefined || version < page.beforeVersion)
      .sort((a, b) => b.version - a.version)
      .slice(0, page.limit)
      .map(summary)
  }

  async remove(name: string, version: number): Promise<'removed' | 'in-use' | 'not-found'> {
    const versions = this.store.definitions.get(name) ?? []
    const rest = versions.filter((one) => one.version !== version)
    if (rest.length === versions.length) return 'not-found'
    if (this.#isInUse(name, version)) return 'in-use'
    if (rest.length === 0) this.store.definitions.delete(name)
    else this.store.definitions.set(name, rest)
    return 'removed'
  }

  async exclusively<T>(body: (list: DefinitionList) => Promise<T>): Promise<T> {
    const turn = this.store.definitionsAreFree.then(() => body(this))
    this.store.definitionsAreFree = turn.catch(() => {})
    return turn
  }

  #nextVersion(name: string): number {
    const next = (this.store.lastVersions.get(name) ?? 0) + 1
    this.store.lastVersions.set(name, next)
    return next
  }

  #isInUse(name: string, version: number): boolean {
    return [...this.store.processes.values()].some(
      ({ record }) => record.definition === name && record.definitionVersion === version,
    )
  }
}

function summary(stored: StoredDefinition): DefinitionSummary {
  const { name, version, description, taskCount, createdAt, registeredAt } = stored
  return { name, version, description, taskCount, createdAt, registeredAt }
}
