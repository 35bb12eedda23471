import type { StormDefinition } from './checker/evidence.js'

// What the storm's processes are made of.

const needs = [[], [0], [0], [0], [1, 2, 3], [4], [4], [5, 6]]
const fewNeeds = [[], [0]]

/** Each after the one that it names for its failures. */
export const stormDefinitions: ReadonlyMap<string, StormDefinition> = new Map([
  ['storm', { needs }],
  ['storm-undo', { needs: fewNeeds }],
  ['storm-undone', { needs, failureProcess: 'storm-undo' }],
])

/** Of all tasks. */
export const taskNames = needs.map((_, place) => nameOf(place))

export function textOf(name: string, definition: StormDefinition): string {
  const { failureProcess } = definition
  return JSON.stringify({
    name,
    ...(failureProcess !== undefined && {
      failureProcess: { name: failureProcess, on: ['failed', 'cancelled'] },
    }),
    // Whatever lapses and fails is tried again: in a storm that is no reason to give up.
    defaults: { retry: { limit: 1_000, delay: '1ms', factor: 1, jitter: false } },
    tasks: definition.needs.map((some, place) => ({ name: nameOf(place), needs: some.map(nameOf) })),
  })
}

function nameOf(place: number): string {
  return `t${place}`
}
