/** A step of a process, as the definition writes it. */
export interface TaskDefinition {
  /** 1 to 256 characters, unique within the definition. */
  readonly name: string
  /** Names of the tasks that must be completed first; each once, in the order written. */
  readonly needs: readonly string[]
}

/** A sound list of tasks: unique names, needs that exist, no cycle. */
export interface Definition {
  /** Required only where definitions are registered. */
  readonly name?: string
  readonly description?: string
  readonly tasks: readonly TaskDefinition[]
}

/** How large a definition may be. */
export interface DefinitionLimits {
  /** UTF-8 bytes of source text. */
  readonly maxSourceBytes: number
  readonly maxTasks: number
  /** Needs of all tasks together. */
  readonly maxNeeds: number
  /** Unicode characters (code points) of a task's or the definition's name. */
  readonly maxNameLength: number
  /** Unicode characters (code points). */
  readonly maxDescriptionLength: number
  /** Problems listed; the rest is counted. */
  readonly maxProblems: number
}

export const DEFAULT_DEFINITION_LIMITS: DefinitionLimits = Object.freeze({
  maxSourceBytes: 64 * 1024 * 1024,
  maxTasks: 100_000,
  maxNeeds: 2_000_000,
  maxNameLength: 256,
  maxDescriptionLength: 10_000,
  maxProblems: 100,
})
