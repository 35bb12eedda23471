import type { Definition, DefinitionLimits } from '../definition/definition.js'
import type {
  DefinitionList,
  DefinitionSummary,
  SourceFormat,
  StoredDefinition,
} from '../lists/definition-list.js'
import type { ParseOptions } from '../definition/parse-definition.js'
import type { FailureProcessFault } from '../definition/report-failure-process.js'
import type { KnownDefinitions } from './known-definitions.js'
import type { Logger } from './logger.js'
import { readDefinition } from '../definition/read-definition.js'
import type { EngineDefaults } from '../definition/task-settings.js'
import { worstCaseEnd, type WorstCase } from '../definition/worst-case.js'
import { TunaCornError } from '../errors.js'
import { failureProcessFault } from './failure-process-fault.js'
import { defaultPageLimit, page, wholeNumber, type Page, type PageRequest } from './page.js'

export interface RegisteredDefinition {
  readonly stored: DefinitionSummary
  readonly definition: Definition
  /** Whether it is a new version; else its very text was known. */
  readonly created: boolean
}

export interface ValidDefinition {
  readonly definition: Definition
  /** When its processes have ended at the latest. */
  readonly worstCase: WorstCase
}

export interface DefinitionsParts {
  readonly definitionList: DefinitionList
  readonly known: KnownDefinitions
  readonly limits: Partial<DefinitionLimits>
  readonly defaults: EngineDefaults
  readonly logger: Logger
}

/** What the engine does with definitions. */
export class Definitions {
  readonly #parts: DefinitionsParts

  constructor(parts: DefinitionsParts) {
    this.#parts = parts
  }

  async register(source: string, format: SourceFormat): Promise<RegisteredDefinition> {
    const { definitionList, known, limits, logger } = this.#parts
    const options = { format, requireName: true, limits }
    const definition = await readDefinition(source, options)
    const { name = '' } = definition
    await refuseFor(await failureProcessFault(definitionList, definition), source, options)
    const { stored, created } = await definitionList.register({ name, definition, source, format })
    known.forgetDefault(name)
    const definitionVersion = stored.version
    logger.info({ definition: name, definitionVersion, created }, 'definition registered')
    return { stored, definition, created }
  }

  async validate(source: string, format: SourceFormat): Promise<ValidDefinition> {
    const { definitionList, limits, defaults } = this.#parts
    const options = { format, limits }
    const definition = await readDefinition(source, options)
    await refuseFor(await failureProcessFault(definitionList, definition), source, options)
    return { definition, worstCase: worstCaseEnd(definition, defaults) }
  }

  async fetch(name: string, version?: number): Promise<StoredDefinition> {
    const stored = await this.#parts.definitionList.fetch(name, version)
    if (stored === undefined) throw notFound(name, version)
    return stored
  }

  async list({ cursor, limit = defaultPageLimit }: PageRequest): Promise<Page<DefinitionSummary>> {
    const found = await this.#parts.definitionList.list({ afterName: cursor, limit: limit + 1 })
    return page(found, limit, ({ name }) => name)
  }

  async versions(
    name: string,
    { cursor, limit = defaultPageLimit }: PageRequest,
  ): Promise<Page<DefinitionSummary>> {
    const beforeVersion = cursor === undefined ? undefined : wholeNumber(cursor)
    const found = await this.#parts.definitionList.versions(name, { beforeVersion, limit: limit + 1 })
    if (found.length === 0 && cursor === undefined) throw notFound(name)
    return page(found, limit, ({ version }) => String(version))
  }

  async remove(name: string, version: number): Promise<void> {
    const { definitionList, known, logger } = this.#parts
    await this.#refuseWhenNeeded(name, version)
    const result = await definitionList.remove(name, version)
    if (result === 'not-found') throw notFound(name, version)
    if (result === 'in-use') {
      throw new TunaCornError(
        'definition-in-use',
        `Processes refer to version ${version} of ${JSON.stringify(name)}. Destroy them first.`,
      )
    }
    known.forget(name, version)
    logger.info({ definition: name, definitionVersion: version }, 'definition removed')
  }

  /** The last version of a definition stays while others name it as their failure process. */
  async #refuseWhenNeeded(name: string, version: number): Promise<void> {
    const { definitionList } = this.#parts
    const [first, ...others] = await definitionList.versions(name, { limit: 2 })
    if (first?.version !== version || others.length > 0) return
    for (let afterName: string | undefined; ;) {
      const some = await definitionList.list({ afterName, limit: 100 })
      for (const { name: other } of some) {
        const stored = await definitionList.fetch(other)
        if (stored?.definition.failureProcess?.name !== name) continue
        const detail = `${JSON.stringify(other)} names ${JSON.stringify(name)} as its failureProcess. Change or remove that first.`
        throw new TunaCornError('definition-in-use', detail)
      }
      afterName = some.at(-1)?.name
      if (some.length < 100) return
    }
  }
}

/** The text is read once more, to say where that stands which only the other definitions have shown to be wrong. */
async function refuseFor(
  fault: FailureProcessFault | undefined,
  source: string,
  options: ParseOptions,
): Promise<void> {
  if (fault !== undefined) await readDefinition(source, { ...options, failureProcessFault: fault })
}

function notFound(name: string, version?: number): TunaCornError {
  const which = version === undefined ? '' : ` with a version ${version}`
  return new TunaCornError('definition-not-found', `There is no definition ${JSON.stringify(name)}${which}.`)
}
