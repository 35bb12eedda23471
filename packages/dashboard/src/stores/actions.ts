import { TunaCornConnectionError } from '@tunacorn/client'
import type { Grounds, Process } from '@tunacorn/protocol'
import { countWords } from '../words.js'
import { notify } from './notices.js'
import { client, messageOf, noteRefusal } from './session.js'

export type ProcessAction = 'cancel' | 'pause' | 'resume' | 'retry'

const calls: Record<ProcessAction, (id: string, grounds: Grounds) => Promise<Process>> = {
  cancel: (id, grounds) => client.value.cancelProcess(id, grounds),
  pause: (id, grounds) => client.value.pauseProcess(id, grounds),
  resume: (id, grounds) => client.value.resumeProcess(id, grounds),
  retry: (id, grounds) => client.value.retryProcess(id, grounds),
}

const done: Record<ProcessAction, string> = {
  cancel: 'cancelled',
  pause: 'paused',
  resume: 'resumed',
  retry: 'let go on',
}

/** In which states of a process an action makes sense. */
export const applies: Record<ProcessAction, readonly Process['state'][]> = {
  cancel: ['running', 'paused'],
  pause: ['running'],
  resume: ['paused'],
  retry: ['failed'],
}

/** Does it to each, one after the other, and says what came of it. */
export async function actOn(ids: readonly string[], action: ProcessAction, reason = ''): Promise<void> {
  const grounds = reason === '' ? {} : { reason }
  const problems: string[] = []
  let isUnanswered = true
  for (const id of ids) {
    try {
      await calls[action](id, grounds)
    } catch (error) {
      noteRefusal(error, 'start')
      problems.push(messageOf(error))
      isUnanswered &&= error instanceof TunaCornConnectionError
    }
  }
  const succeeded = ids.length - problems.length
  if (succeeded > 0) notify(`${countWords(succeeded, 'process', 'processes')} ${done[action]}.`)
  const [first] = problems
  if (first !== undefined) {
    const others =
      problems.length === 1 ? '' : ` And ${countWords(problems.length - 1, 'other')} likewise refused.`
    notify(`${first}${others}`, isUnanswered ? 'unanswered' : 'failed')
  }
}
