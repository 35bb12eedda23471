import type { UnresolvedTask } from './document-fields.js'
import { type Edges, findCyclicGroups, shortestCycle } from './find-cycles.js'
import type { ProblemList } from './problem-list.js'
import { quoted } from './wording.js'

/** A cycle of more tasks is printed without its middle. */
const MAX_PRINTED = 12

/** Reports one cycle for each group of tasks that all, by some way, need one another. */
export function reportCycles(tasks: readonly UnresolvedTask[], needs: Edges, problems: ProblemList): void {
  for (const group of findCyclicGroups(needs)) {
    const cycle = shortestCycle(needs, group)
    const [first = 0, second = 0] = cycle
    const position = tasks[first]?.needs?.indexOf(tasks[second]?.name) ?? 0
    problems.add({
      code: 'cycle',
      pointer: `/tasks/${first}/needs/${position}`,
      message: () =>
        'Expected no task to wait for itself, but each of these needs the next: ' +
        `${printed(cycle.map((index) => tasks[index]?.name ?? ''))}. Remove one of these needs.${more(group, cycle)}`,
    })
  }
}

function printed(names: readonly string[]): string {
  const [first = ''] = names
  const half = MAX_PRINTED / 2
  const shown =
    names.length <= MAX_PRINTED
      ? names
      : [...names.slice(0, half), `… (${names.length - MAX_PRINTED} more) …`, ...names.slice(-half)]
  return [...shown, first].map(unquotedIfShort).join(' → ')
}

function unquotedIfShort(name: string): string {
  const safe = quoted(name)
  return safe === `"${name}"` ? name : safe
}

function more(group: Uint32Array, cycle: readonly number[]): string {
  const others = group.length - cycle.length
  return others === 0 ? '' : ` (Of the tasks that wait for one another, ${others} more are not shown.)`
}
