import { compileDefinition, type CompiledDefinition } from '../definition/compiled-definition.js'
import type { Definition } from '../definition/definition.js'
import type { EngineDefaults } from '../definition/task-settings.js'
import type { DefinitionList } from '../lists/definition-list.js'
import { Recent } from './recent.js'

/** One version of a definition, ready to run. */
export interface KnownDefinition extends CompiledDefinition {
  readonly name: string
  readonly version: number
  /** What it takes to keep it, in tasks. */
  readonly weight: number
}

/** How many tasks of compiled definitions are kept at most: some hundred bytes each. */
const maxTasks = 1_000_000
/** What is compiled of an input schema is 65 times as large as its text; a task as five of its characters. */
const schemaCharactersOfTask = 5

/** Compiled definitions, shared by all processes of a version. A version never changes, so a copy never ages. */
export class KnownDefinitions {
  readonly #list: DefinitionList
  readonly #defaultSettings: EngineDefaults
  readonly #versions = new Recent<KnownDefinition>(maxTasks, ({ weight }) => weight)
  readonly #defaults = new Map<string, number>()

  /** @param defaultSettings what holds for tasks where the definition says nothing. */
  constructor(list: DefinitionList, defaultSettings: EngineDefaults) {
    this.#list = list
    this.#defaultSettings = defaultSettings
  }

  /**
   * The default version as last seen: another replica may have registered a newer one since. Who acts on it must
   * let the store check that it still is, and `forget` when not.
   * @param transaction where to look, should it not be known yet.
   */
  async default(name: string, transaction?: unknown): Promise<KnownDefinition | undefined> {
    const version = this.#defaults.get(name)
    if (version !== undefined) return this.version(name, version, transaction)
    const known = await this.#load(name, undefined, transaction)
    if (known !== undefined) this.#defaults.set(name, known.version)
    return known
  }

  async version(name: string, version: number, transaction?: unknown): Promise<KnownDefinition | undefined> {
    const key = keyOf(name, version)
    const known = this.#versions.get(key)
    return known ?? this.#load(name, version, transaction)
  }

  /** Another version has been registered here. */
  forgetDefault(name: string): void {
    this.#defaults.delete(name)
  }

  /** The store has said that this version is gone, or not the default any more. */
  forget(name: string, version: number): void {
    this.#defaults.delete(name)
    this.#versions.delete(keyOf(name, version))
  }

  async #load(name: string, version?: number, transaction?: unknown): Promise<KnownDefinition | undefined> {
    const list = transaction === undefined ? this.#list : this.#list.within(transaction)
    const stored = await list.fetch(name, version)
    if (stored === undefined) return undefined
    const key = keyOf(name, stored.version)
    const known = this.#versions.get(key) ?? {
      name,
      version: stored.version,
      weight: weightOf(stored.definition),
      ...compileDefinition(stored.definition, this.#defaultSettings),
    }
    this.#versions.set(key, known)
    return known
  }
}

function weightOf({ tasks, input }: Definition): number {
  const characters = input === undefined ? 0 : JSON.stringify(input).length
  return tasks.length + Math.ceil(characters / schemaCharactersOfTask)
}

function keyOf(name: string, version: number): string {
  return `${version}@${name}`
}
