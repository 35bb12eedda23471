import type { Definition } from './definition.js'

/**
 * A definition as it crosses between threads: needs as indexes in buffers that are handed over, not copied. A
 * million needs as text would hold up the receiving thread for most of a second.
 */
export interface PackedDefinition {
  /** As it is, but with no needs. */
  readonly bare: Definition
  /** The needs of task `i` are the tasks `targets[offsets[i] .. offsets[i + 1]]`. */
  readonly offsets: Uint32Array<ArrayBuffer>
  readonly targets: Uint32Array<ArrayBuffer>
}

export function packDefinition(definition: Definition): PackedDefinition {
  const { tasks } = definition
  const indexes = new Map(tasks.map(({ name }, index) => [name, index]))
  const offsets = new Uint32Array(tasks.length + 1)
  for (const [index, { needs }] of tasks.entries()) offsets[index + 1] = offsets[index]! + needs.length
  // Every need of a sound definition is a task of it.
  const targets = Uint32Array.from(
    tasks.flatMap(({ needs }) => needs),
    (need) => indexes.get(need)!,
  )
  return { bare: { ...definition, tasks: tasks.map((task) => ({ ...task, needs: [] })) }, offsets, targets }
}

export function unpackDefinition({ bare, offsets, targets }: PackedDefinition): Definition {
  const tasks = bare.tasks.map((task, index) => {
    const needs = Array.from(
      targets.subarray(offsets[index], offsets[index + 1]),
      (target) => bare.tasks[target]!.name,
    )
    return frozen({ ...task, needs: Object.freeze(needs) })
  })
  return frozen({ ...bare, tasks: Object.freeze(tasks) })
}

/** What crosses comes out as a copy that could be changed; what was shared by tasks is still shared. */
function frozen<T extends object>(value: T): T {
  if (Object.isFrozen(value)) return value
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) frozen(part)
  return Object.freeze(value)
}
