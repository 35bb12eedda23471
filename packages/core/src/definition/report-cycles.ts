import type { UnresolvedTask } from './document-fields.js'
import { type Edges, findCyclicGroups, shortestCycle } from './find-cycles.js'
import type { ProblemList } from './problem-list.js'
import { inPath, printedPath } from './wording.js'

/** Reports one cycle for each group of tasks that all, by some way, need one another. */
export function reportCycles(tasks: readonly UnresolvedTask[], needs: Edges, problems: ProblemList): void {
  for (const group of findCyclicGroups(needs)) {
    const cycle = shortestCycle(needs, group)
    const [first = 0, second = 0] = cycle
    const position = tasks[first]?.needs?.indexOf(tasks[second]?.name) ?? 0
    const names = cycle.map((node) => tasks[node]?.name ?? '')
    problems.add({
      code: 'cycle',
      pointer: `/tasks/${first}/needs/${position}`,
      message: () =>
        'Expected no task to wait for itself, but each of these needs the next: ' +
        `${printedPath(names)} → ${inPath(names[0] ?? '')}. Remove one of these needs.${more(group, cycle)}`,
    })
  }
}

function more(group: Uint32Array, cycle: readonly number[]): string {
  const others = group.length - cycle.length
  return others === 0 ? '' : ` (Of the tasks that wait for one another, ${others} more are not shown.)`
}
