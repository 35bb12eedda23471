import { setTimeout as sleep } from 'node:timers/promises'
import type { Handler } from '@tunacorn/client'

export const sampleInput = { applicant: 'Ada Lovelace', amount: 250_000 }

/** What is known of an application: the input of its process, and then what each task adds to it. */
interface Application {
  readonly applicant?: string
  readonly amount?: number
  readonly creditScore?: number
  readonly isComplete?: boolean
}

/** Work that is only played: each takes about as long as shown, to be watched. */
export const sampleHandlers: Readonly<Record<string, Handler>> = {
  'Open Loan Application': played(300, () => ({ application: 'LA-1815' })),
  'Review Credit': played(700, () => ({ creditScore: 742 })),
  'Review Assets': played(450, ({ amount = 0 }) => ({ assets: amount / 5 })),
  'Review Application Details': played(250, ({ applicant, amount }) => ({
    isComplete: applicant !== undefined && amount !== undefined,
  })),
  'Send Email': played(400, ({ applicant, creditScore = 0, isComplete }) => ({
    sentTo: applicant,
    answer: isComplete === true && creditScore >= 600 ? 'granted' : 'refused',
  })),
}

/** For tasks that somebody has added to the example. */
export const sampleHandler: Handler = played(300, () => ({ done: true }))

function played(workMs: number, outputOf: (application: Application) => object): Handler {
  return async ({ attributes = {} }, { signal }) => {
    await sleep(workMs, undefined, { signal })
    return outputOf(attributes)
  }
}
