// A `Worker` of the client in a process of its own, started by client-worker.ts. Its handler does what the test says: it
// tells what it was handed, and is done when the test tells it so or its claim is lost.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Worker } from '../../packages/client/dist/index.js'

const { gate, ...options } = JSON.parse(process.argv[2] ?? '{}')

const worker = new Worker({
  ...options,
  waitMs: 200,
  concurrency: 1,
  handler: async ({ id, name: task, attempt }, { signal }) => {
    process.send({ type: 'handed', id, task, attempt })
    if (gate === undefined) await Promise.race([once(process, 'message'), once(signal, 'abort')])
    else blockUntilOpen(gate)
    if (signal.aborted) process.send({ type: 'lost', id, task, attempt })
    return { by: options.name }
  },
})

/** As a handler that computes: nothing else happens in this process meanwhile, no heartbeat either. */
function blockUntilOpen(file) {
  const nothing = new Int32Array(new SharedArrayBuffer(4))
  while (!existsSync(file)) Atomics.wait(nothing, 0, 0, 5)
}

// Who started it is gone.
process.on('disconnect', () => process.exit(1))
worker.start()
