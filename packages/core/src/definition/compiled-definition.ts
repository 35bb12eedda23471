import type { Definition, FailureProcess } from './definition.js'
import { compileInputSchema, type InputCheck } from './input-schema.js'
import { TaskGraph } from './task-graph.js'
import { resolveAllTaskSettings, type EngineDefaults, type TaskPolicy } from './task-settings.js'

/** A definition ready to run: its graph, and for each task what happens on failure and in time. Shared, immutable. */
export interface CompiledDefinition {
  readonly graph: TaskGraph
  readonly policyOf: (task: number) => TaskPolicy
  /** A process must end within this time. */
  readonly timeoutMs: number
  readonly failureProcess: FailureProcess | undefined
  /** What is wrong with an input; nothing is when there is no schema. */
  readonly checkInput: InputCheck | undefined
}

/** @param definition found sound by `checkDefinition`. */
export function compileDefinition(definition: Definition, defaults: EngineDefaults): CompiledDefinition {
  const policies = resolveAllTaskSettings(definition, defaults)
  return {
    graph: TaskGraph.compile(definition.tasks),
    policyOf: (task) => policies[task] ?? outOfRange(task),
    timeoutMs: definition.timeoutMs ?? defaults.processTimeoutMs,
    failureProcess: definition.failureProcess,
    checkInput: definition.input === undefined ? undefined : compileInputSchema(definition.input),
  }
}

function outOfRange(task: number): never {
  throw new RangeError(`Expected a task of the definition, but found ${task}.`)
}
