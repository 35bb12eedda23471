// A worker that does every task of ../loan-application.yaml. How to run it: ../README.md
//
// In a project of your own: npm install @tunacorn/client, and
//   import { Worker, type Handler } from '@tunacorn/client'
import { inspect } from 'node:util'
import { Worker, type Handler } from '../../packages/client/dist/index.js'

/** What is known of an application: the input of the process, and then what each task adds to it. */
interface Application {
  applicant?: string
  amount?: number
  creditScore?: number
  assets?: number
  isComplete?: boolean
}

// A task's attributes are the input of its process and the outputs of all tasks before it, merged.
const handlers: Record<string, Handler> = {
  'Open Loan Application': ({ attributes }) => {
    const { applicant = 'Ada Lovelace', amount = 250_000 }: Application = attributes ?? {}
    return { applicant, amount }
  },

  // What a handler throws fails the task, and with it the process.
  'Review Credit': ({ attributes }) => {
    const { creditScore = 720 }: Application = attributes ?? {}
    if (creditScore < 600) throw new Error('Credit score was too low!')
    return { creditScore }
  },

  'Review Assets': ({ attributes }) => {
    const { amount = 0 }: Application = attributes ?? {}
    return { assets: amount / 5 }
  },

  'Review Application Details': ({ attributes }) => {
    const { applicant, amount }: Application = attributes ?? {}
    return { isComplete: applicant !== undefined && amount !== undefined }
  },

  // A handler may take its time: its claim is kept alive meanwhile. Should the claim be lost all the same,
  // `signal` is aborted, for whatever takes a signal, such as fetch.
  'Send Email': async ({ attributes }, { signal }) => {
    const { applicant, amount, isComplete }: Application = attributes ?? {}
    const answer = isComplete ? 'granted' : 'refused'
    await sendEmail(`Dear ${applicant}, your loan of ${amount} is ${answer}.`, signal)
    return { sentTo: applicant }
  },
}

async function sendEmail(text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  console.log(text)
}

const worker = new Worker({
  url: process.env['TUNACORN_URL'] ?? 'http://127.0.0.1:8266',
  name: 'typescript-worker',
  handlers,
  concurrency: 10,
  // Pino fits as it is, and so does console.
  logger: { debug: log, info: log, warn: log, error: log },
})

function log(fields: object, message: string): void {
  console.log(message, inspect(fields, { breakLength: Infinity }))
}

// Ctrl-C: handlers that run get ten seconds to finish, and what they did is reported.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void worker.stop({ graceMs: 10_000 }))
}

worker.start()
