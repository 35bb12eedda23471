import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The graphs of a folder of TunaCorn definitions.
 *
 * @typedef {{ name: string, source: string, tasks: readonly { name: string, needs: readonly string[] }[] }} Graph
 *
 * @param {string | undefined} folder
 * @param {number} largest how many tasks a graph may have to be taken
 * @returns {Promise<Graph[]>}
 */
export async function readCorpus(folder, largest) {
  // Loaded when needed: it comes with the packages that the benchmark installs.
  const { parse } = await import('yaml')
  const files = readdirSync(folder).filter((file) => /\.ya?ml$/.test(file))
  const graphs = files.toSorted().map((file) => {
    const source = readFileSync(join(folder, file), 'utf8')
    const { name, tasks } = parse(source)
    return { name, source, tasks: tasks.map((task) => ({ name: task.name, needs: task.needs ?? [] })) }
  })
  const taken = graphs.filter(({ tasks }) => tasks.length <= largest)
  if (taken.length > 0) return taken
  throw new Error(`Expected definitions of at most ${largest} tasks in ${folder}, but found none.`)
}

/** @param {string | undefined} folder */
export function hasCorpus(folder) {
  return (
    folder !== undefined && existsSync(folder) && readdirSync(folder).some((file) => /\.ya?ml$/.test(file))
  )
}

/**
 * The tasks in levels: each needs only tasks of levels before it. What workflow code awaits together, in an order that
 * is the same in every replay.
 *
 * @param {Graph['tasks']} tasks
 * @returns {string[][]}
 */
export function levelsOf(tasks) {
  const needsOf = new Map(tasks.map(({ name, needs }) => [name, needs]))
  const depths = new Map()
  const depthOf = (name) => {
    if (!depths.has(name))
      depths.set(name, Math.max(0, ...needsOf.get(name).map((need) => depthOf(need) + 1)))
    return depths.get(name)
  }
  const levels = []
  for (const { name } of tasks) (levels[depthOf(name)] ??= []).push(name)
  return levels
}
