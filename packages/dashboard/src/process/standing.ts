import { countWords } from '../words.js'
import type { Look, TaskRun } from './task-run.js'

const words: readonly (readonly [Look, string])[] = [
  ['failed', 'failed'],
  ['lapsed', 'held by workers that are silent'],
  ['retrying', 'failing and to be tried again'],
  ['claimed', 'being worked on'],
  ['scheduled', 'waiting for a worker'],
  ['delayed', 'waiting for their time'],
  ['paused', 'paused'],
  ['pending', 'waiting for others'],
]

/** How far a process has come, and what it waits for: `1 of 3 tasks completed, 1 being worked on, 1 waiting for others.` */
export function standingOf(runs: readonly TaskRun[]): string {
  const counts = new Map<Look, number>()
  for (const { look } of runs) counts.set(look, (counts.get(look) ?? 0) + 1)
  const number = (look: Look) => (counts.get(look) ?? 0).toLocaleString('en')
  const others = words.filter(([look]) => counts.has(look)).map(([look, what]) => `${number(look)} ${what}`)
  return `${[`${number('completed')} of ${countWords(runs.length, 'task')} completed`, ...others].join(', ')}.`
}
