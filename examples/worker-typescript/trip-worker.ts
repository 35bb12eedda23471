// A worker for ../book-trip.yaml and ../undo-trip.yaml: things go wrong here, and are put right. How to run it:
// ../README.md
import { inspect } from 'node:util'
import { TaskFailure, Worker, type Handler } from '../../packages/client/dist/index.js'

const handlers: Record<string, Handler> = {
  // The first attempt fails: what a handler throws is tried again as the definition says.
  'Book Flight': ({ attempt }) => {
    if (attempt === 1) throw new Error('The airline does not answer')
    return { flight: `TC-${attempt}00` }
  },

  'Book Hotel': () => ({ hotel: 'The Tuna Inn' }),

  // No attempt will do better: the process fails, and undo-trip is started.
  'Charge Card': ({ attributes }) => {
    if (attributes?.['card'] === 'expired') throw new TaskFailure('The card has expired', { retry: false })
    return { charged: true }
  },

  'Ask For Feedback': () => ({ asked: true }),

  // The input of a process that cleans up says what has failed, and what was done before that.
  'Cancel Bookings': ({ process }) => {
    const { outputs } = process.input as { outputs: Record<string, unknown> }
    return { cancelled: Object.keys(outputs) }
  },

  'Tell Traveller': ({ process }) => {
    const { failedTask, error } = process.input as { failedTask: string; error: { message: string } }
    console.log(`We are sorry: ${failedTask} failed. ${error.message}.`)
    return { told: true }
  },
}

const worker = new Worker({
  url: process.env['TUNACORN_URL'] ?? 'http://127.0.0.1:8266',
  name: 'trip-worker',
  handlers,
  logger: { debug() {}, info: log, warn: log, error: log },
})

function log(fields: object, message: string): void {
  console.log(message, inspect(fields, { breakLength: Infinity }))
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void worker.stop({ graceMs: 10_000 }))
}

worker.start()
