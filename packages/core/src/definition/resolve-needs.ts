import type { UnresolvedTask } from './document-fields.js'
import type { Edges } from './find-cycles.js'
import type { ProblemList } from './problem-list.js'
import { Suggester } from './suggest.js'
import { quoted } from './wording.js'

/** Where each name is defined first. Reports names that are taken. */
export function indexNames(tasks: readonly UnresolvedTask[], problems: ProblemList): Map<string, number> {
  const indexes = new Map<string, number>()
  for (const [index, { name }] of tasks.entries()) {
    if (name === undefined) continue
    const first = indexes.get(name)
    if (first === undefined) {
      indexes.set(name, index)
      continue
    }
    problems.add({
      code: 'duplicate-name',
      pointer: `/tasks/${index}/name`,
      message: () =>
        `Expected names to be unique, but ${quoted(name)} is the name of another task ` +
        `${problems.where(`/tasks/${first}/name`)}. Rename one of them.`,
    })
  }
  return indexes
}

/**
 * The sound needs of all tasks as edges from a task to what it needs. Reports needs that are unknown, listed
 * twice, or the task itself.
 */
export function resolveNeeds(
  tasks: readonly UnresolvedTask[],
  indexes: ReadonlyMap<string, number>,
  problems: ProblemList,
): Edges {
  const suggester = new Suggester([...indexes.keys()])
  const offsets = new Uint32Array(tasks.length + 1)
  const targets = new Uint32Array(tasks.reduce((sum, { needs }) => sum + (needs?.length ?? 0), 0))
  // Who needed a task last: tells repeats without a set for each task. 0 is nobody.
  const lastNeededBy = new Uint32Array(tasks.length)
  let count = 0
  for (const [index, { needs = [] }] of tasks.entries()) {
    for (const [position, need] of needs.entries()) {
      if (need === undefined) continue
      const target = indexes.get(need)
      if (target !== undefined && target !== index && lastNeededBy[target] !== index + 1) {
        lastNeededBy[target] = index + 1
        targets[count++] = target
        continue
      }
      const pointer = `/tasks/${index}/needs/${position}`
      if (target === undefined) reportUnknown(need, pointer, suggester, problems)
      else if (target === index) reportSelf(need, pointer, problems)
      else reportRepeated(need, pointer, problems)
    }
    offsets[index + 1] = count
  }
  return { offsets, targets: targets.subarray(0, count) }
}

function reportUnknown(need: string, pointer: string, suggester: Suggester, problems: ProblemList): void {
  problems.add({
    code: 'unknown-need',
    pointer,
    message: () =>
      `Expected the name of a task of this definition, but there is no task named ${quoted(need)}. ` +
      'Correct the name, or add the task.',
    suggestion: () => suggester.closest(need),
  })
}

function reportSelf(need: string, pointer: string, problems: ProblemList): void {
  const message = () =>
    `Expected a task to need other tasks only, but ${quoted(need)} needs itself. Remove this.`
  problems.add({ code: 'self-need', pointer, message })
}

function reportRepeated(need: string, pointer: string, problems: ProblemList): void {
  const message = () => `Expected each need once, but ${quoted(need)} is listed twice. Remove one of them.`
  problems.add({ code: 'duplicate-need', pointer, message })
}
