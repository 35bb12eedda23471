import { DEFAULT_DEFINITION_LIMITS, type Definition, type DefinitionLimits } from './definition.js'
import { DOCUMENT_FIELDS, type UnresolvedTask } from './document-fields.js'
import type { Edges } from './find-cycles.js'
import type { Problem } from './problem.js'
import { ProblemList } from './problem-list.js'
import { type Check, readMapping } from './read-mapping.js'
import { reportContradictions } from './report-contradictions.js'
import { reportCycles } from './report-cycles.js'
import { indexNames, resolveNeeds } from './resolve-needs.js'

/** What is asked of a definition. */
export interface CheckOptions {
  /** Those that differ from `DEFAULT_DEFINITION_LIMITS`. */
  readonly limits?: Partial<DefinitionLimits>
  /** True where definitions are registered and so looked up by name. False unless given. */
  readonly requireName?: boolean
}

export type CheckResult = { readonly definition: Definition } | { readonly problems: readonly Problem[] }

/**
 * Checks a plain value (parsed YAML or JSON, or an object made by a program) and gives back a definition that
 * shares nothing mutable with it, or every problem it has. Never throws, whatever the value. Time and memory
 * are linear in the number of tasks and needs.
 */
export function checkDefinition(value: unknown, options: CheckOptions = {}): CheckResult {
  const limits = limitsOf(options)
  const problems = new ProblemList(limits.maxProblems)
  const definition = checkInto(problems, value, { limits, requireName: options.requireName ?? false })
  return definition === undefined ? { problems: problems.toArray() } : { definition }
}

export function limitsOf({ limits }: CheckOptions): DefinitionLimits {
  return { ...DEFAULT_DEFINITION_LIMITS, ...limits }
}

/** The same for who has a list of problems already. Gives no definition when there is any problem on it. */
export function checkInto(
  problems: ProblemList,
  value: unknown,
  rules: Pick<Check, 'limits' | 'requireName'>,
): Definition | undefined {
  const check: Check = { ...rules, problems, needsRead: 0, retryPolicies: new Map() }
  const document = readMapping(value, '', { what: 'a definition', fields: DOCUMENT_FIELDS }, check)
  if (document === undefined) return undefined
  const { tasks = [], timeout, ...others } = document
  const needs = resolveNeeds(tasks, indexNames(tasks, problems), problems)
  reportCycles(tasks, needs, problems)
  reportContradictions(document, problems)
  if (!problems.isEmpty) return undefined
  return Object.freeze({
    ...others,
    ...(timeout !== undefined && { timeoutMs: timeout }),
    tasks: Object.freeze(tasks.map((task, index) => soundTask(task, index, { tasks, needs }))),
  })
}

/** Needs become the very strings that name the tasks, so that a million needs hold no text of their own. */
function soundTask(
  { name, settings }: UnresolvedTask,
  index: number,
  { tasks, needs }: { tasks: readonly UnresolvedTask[]; needs: Edges },
): Definition['tasks'][number] {
  const targets = needs.targets.subarray(needs.offsets[index], needs.offsets[index + 1])
  const names: string[] = []
  for (const target of targets) names.push(nameOf(tasks[target]))
  return Object.freeze({ name: nameOf({ name }), needs: Object.freeze(names), ...settings })
}

function nameOf(task: Pick<UnresolvedTask, 'name'> | undefined): string {
  if (task?.name === undefined)
    throw new Error('Expected a task without problems to have a name, but it has none')
  return task.name
}
