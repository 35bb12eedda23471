import type { Definition } from '../definition/definition.js'

export type SourceFormat = 'yaml' | 'json'

/** One version of a definition, without its text and tasks. */
export interface DefinitionSummary {
  readonly name: string
  readonly version: number
  readonly description: string | undefined
  readonly taskCount: number
  readonly createdAt: Date
  /** When this text was last registered. The version registered last is the default. */
  readonly registeredAt: Date
}

export interface StoredDefinition extends DefinitionSummary {
  readonly definition: Definition
  readonly source: string
  readonly format: SourceFormat
}

export interface NewDefinition {
  readonly name: string
  readonly definition: Definition
  readonly source: string
  readonly format: SourceFormat
}

/** Keeps definitions. A version never changes; the same text again is the same version. */
export interface DefinitionList {
  readonly store: object

  /** This list inside a transaction of the host's; see `ProcessList.within`. */
  within(transaction: unknown): DefinitionList

  /** Stores a new version, or makes the version with this very text the default again. */
  register(
    definition: NewDefinition,
  ): Promise<{ readonly stored: DefinitionSummary; readonly created: boolean }>
  /** One version; the default one when none is named. */
  fetch(name: string, version?: number): Promise<StoredDefinition | undefined>
  /** The version that would be the default one if this one were removed. */
  defaultWithout(name: string, version: number): Promise<StoredDefinition | undefined>
  /** Default versions, by name. */
  list(page: {
    readonly afterName?: string | undefined
    readonly limit: number
  }): Promise<DefinitionSummary[]>
  /** Versions of one definition, newest first. */
  versions(
    name: string,
    page: { readonly beforeVersion?: number | undefined; readonly limit: number },
  ): Promise<DefinitionSummary[]>
  /** Removes one version, unless processes refer to it. */
  remove(name: string, version: number): Promise<'removed' | 'in-use' | 'not-found'>
  /**
   * For who looks at definitions and then changes them: nobody else, in any replica, runs `exclusively` in between.
   * Only the list that `body` is given may be used in it, and not for long. When `body` throws, what it has changed
   * may be undone or not.
   */
  exclusively<T>(body: (list: DefinitionList) => Promise<T>): Promise<T>
}
