import { payload } from '../lib/trivial-work.mjs'

/** The graphs of the workloads as TunaCorn definitions. */

export function flatDefinition(name) {
  return { name, tasks: [{ name: 'work' }] }
}

export function chainDefinition(name, steps) {
  const needsOf = (step) => (step === 0 ? [] : [stepName(step - 1)])
  return {
    name,
    tasks: Array.from({ length: steps }, (_, step) => ({ name: stepName(step), needs: needsOf(step) })),
  }
}

/** With short names: the largest has to fit into the 4 MB that a server takes in one request. */
export function fanDefinition(name, width) {
  const middle = Array.from({ length: width }, (_, index) => ({
    name: `m${index.toString(36)}`,
    needs: ['a'],
  }))
  return { name, tasks: [{ name: 'a' }, ...middle, { name: 'z', needs: middle.map((task) => task.name) }] }
}

function stepName(step) {
  return `step-${step}`
}

/** @returns which step of a chain a task of this name is; undefined for other tasks */
export function stepOf(taskName) {
  const step = /^step-(\d+)$/.exec(taskName)?.[1]
  return step === undefined ? undefined : Number(step)
}

export function namesOf({ tasks }) {
  return tasks.map(({ name }) => name)
}

/** What a process of a definition is started with. */
export function startOf({ name }, index) {
  return { definition: name, input: payload(index) }
}
