import { InvalidArgumentError } from 'commander'
import { parseDuration } from '@tunacorn/protocol'

// What flags are read by: commander says which flag it was.

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
  }
}

const processIdForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const taskIdForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(0|[1-9]\d{0,8})$/

export function isTaskId(text: string): boolean {
  return taskIdForm.test(text)
}

export function processId(given: string): string {
  const text = given.toLowerCase()
  if (processIdForm.test(text)) return text
  throw new InvalidArgumentError('Expected the id of a process, as "tunacorn ps" shows it.')
}

export function processIds(text: string, before: readonly string[] = []): string[] {
  return [...before, processId(text)]
}

export function taskId(given: string): string {
  const text = given.toLowerCase()
  if (isTaskId(text)) return text
  throw new InvalidArgumentError('Expected the id of a task, as "tunacorn tasks" shows it.')
}

export function wholeClaim(text: string): string {
  if (/^[1-9]\d{0,9}\.[\w-]{22}$/.test(text)) return text
  throw new InvalidArgumentError('Expected all of it, as "tunacorn claim" has printed it.')
}

export function processOrTaskId(given: string): string {
  const text = given.toLowerCase()
  if (isTaskId(text) || processIdForm.test(text)) return text
  throw new InvalidArgumentError(
    'Expected the id of a process or a task, as "tunacorn ps" and "tunacorn tasks" show them.',
  )
}

/** Kept as it was written: the server reads it. */
export function duration(text: string): string {
  if (parseDuration(text) !== undefined) return text
  throw new InvalidArgumentError('Expected a duration such as 500ms, 30s, 5m, 2h or 7d.')
}

/** A flag that may come several times. */
export function several(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}
