import { formatDuration } from '@tunacorn/protocol'
import type { FailureProcess, TaskSettings } from './definition.js'
import type { UnresolvedTask } from './document-fields.js'
import type { ProblemList } from './problem-list.js'
import { quoted } from './wording.js'

interface Parts {
  readonly name?: string
  readonly timeout?: number
  readonly failureProcess?: FailureProcess
  readonly defaults?: TaskSettings
  readonly tasks?: readonly UnresolvedTask[]
}

/** Reports what is right by itself, and wrong beside what stands elsewhere in the document. */
export function reportContradictions(document: Parts, problems: ProblemList): void {
  const { name, failureProcess, timeout, defaults, tasks = [] } = document
  if (name !== undefined && failureProcess?.name === name) reportOwnFailureProcess(name, problems)
  if (timeout === undefined) return
  const isTooLong = (delayMs: number | undefined) => delayMs !== undefined && delayMs >= timeout
  if (isTooLong(defaults?.delayMs)) reportDelay('/defaults/delay', timeout, problems)
  for (const [index, { settings }] of tasks.entries()) {
    if (isTooLong(settings.delayMs)) reportDelay(`/tasks/${index}/delay`, timeout, problems)
  }
}

function reportOwnFailureProcess(name: string, problems: ProblemList): void {
  const message = () =>
    `Expected the name of another definition, but ${quoted(name)} is this one: it cannot clean up after itself.`
  problems.add({ code: 'bad-failure-process', pointer: '/failureProcess', message })
}

/** A timeout that is longer than the process's is fine: it is just never reached. A delay would end the process. */
function reportDelay(pointer: string, timeoutMs: number, problems: ProblemList): void {
  const message = () =>
    `Expected a delay shorter than the timeout of the process, ${formatDuration(timeoutMs)}, but it is not: ` +
    'the task could never begin.'
  problems.add({ code: 'contradiction', pointer, message })
}
