import type { Task } from '@tunacorn/protocol'
import { printable, shortTime } from '../wording.js'

/** All that there is to say of a task, a line for each thing. */
export function taskText(task: Task): string {
  const { id, name, process, definition, state, needs, attempt, maxAttempts, worker, output, error } = task
  const facts: [string, string | undefined][] = [
    ['task', id],
    ['name', printable(name)],
    ['process', `${process}, of ${printable(definition)}`],
    ['state', state],
    ['needs', needs.length === 0 ? undefined : printable(needs.join(', '))],
    ['attempt', attempt === undefined ? undefined : attemptText(attempt, maxAttempts)],
    ['worker', worker && printable(worker)],
    ['scheduled', task.scheduledAt && shortTime(task.scheduledAt)],
    ['claimed', task.claimedAt && shortTime(task.claimedAt)],
    ['lease', task.leaseExpiresAt && `until ${shortTime(task.leaseExpiresAt)}`],
    ['ended', task.endedAt && shortTime(task.endedAt)],
    ['output', output === undefined ? undefined : printable(JSON.stringify(output))],
    ['error', error === undefined ? undefined : printable(JSON.stringify(error))],
  ]
  return facts
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => `${label.padEnd(10)}  ${value}`)
    .join('\n')
}

function attemptText(attempt: number, maxAttempts: number | undefined): string {
  return maxAttempts === undefined ? String(attempt) : `${attempt} of ${maxAttempts}`
}
