import type { Definition, DefinitionLimits } from '../definition/definition.js'
import type {
  DefinitionList,
  DefinitionSummary,
  NewDefinition,
  SourceFormat,
  StoredDefinition,
} from '../lists/definition-list.js'
import type { ParseOptions } from '../definition/parse-definition.js'
import type { FailureProcessFault } from '../definition/report-failure-process.js'
import type { KnownDefinitions } from './known-definitions.js'
import type { Call } from './call.js'
import type { Logger } from './logger.js'
import { readDefinition } from '../definition/read-definition.js'
import type { EngineDefaults } from '../definition/task-settings.js'
import { worstCaseEnd, type WorstCase } from '../definition/worst-case.js'
import { TunaCornError } from '../errors.js'
import { failureProcessFault } from './failure-process-fault.js'
import { refuseWhenNeeded } from './refuse-when-needed.js'
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

  async register(source: string, format: SourceFormat, call: Call): Promise<RegisteredDefinition> {
    const { definitionList, known, limits } = this.#parts
    const { logger = this.#parts.logger } = call
    const options = { format, requireName: true, limits }
    const definition = await readDefinition(source, options)
    const { name = '' } = definition
    const added = { name, definition, source, format }
    const result = await (definition.failureProcess === undefined
      ? definitionList.register(added)
      : definitionList.exclusively((list) => registerUnlessAtFault(list, added)))
    if ('fault' in result) return refuseFor(result.fault, source, options)
    const { stored, created } = result
    known.forgetDefault(name)
    const definitionVersion = stored.version
    logger.info({ definition: name, definitionVersion, created }, 'definition registered')
    return { stored, definition, created }
  }

  async validate(source: string, format: SourceFormat): Promise<ValidDefinition> {
    const { definitionList, limits, defaults } = this.#parts
    const options = { format, limits }
    const definition = await readDefinition(source, options)
    const fault = await failureProcessFault(definitionList, definition)
    if (fault !== undefined) return refuseFor(fault, source, options)
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

  async remove(name: string, version: number, { logger = this.#parts.logger }: Call): Promise<void> {
    const { definitionList, known } = this.#parts
    const result = await definitionList.exclusively(async (list) => {
      await refuseWhenNeeded(list, name, version)
      return list.remove(name, version)
    })
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
}

/** Two at once, of which each names the other, must not both find that there is nothing wrong. */
async function registerUnlessAtFault(
  list: DefinitionList,
  added: NewDefinition,
): Promise<Awaited<ReturnType<DefinitionList['register']>> | { readonly fault: FailureProcessFault }> {
  const fault = await failureProcessFault(list, added.definition)
  return fault === undefined ? list.register(added) : { fault }
}

/** The text is read once more, to say where that stands which only the other definitions have shown to be wrong. */
async function refuseFor(fault: FailureProcessFault, source: string, options: ParseOptions): Promise<never> {
  await readDefinition(source, { ...options, failureProcessFault: fault })
  throw new Error('Expected a definition that is at fault to be refused')
}

function notFound(name: string, version?: number): TunaCornError {
  const which = version === undefined ? '' : ` with a version ${version}`
  return new TunaCornError('definition-not-found', `There is no definition ${JSON.stringify(name)}${which}.`)
}
