import { parentPort, workerData } from 'node:worker_threads'
import type { PGlite } from '@electric-sql/pglite'
import { Complaints } from './complaints.js'
import { Maintenance } from './maintenance.js'
import { openDatabase } from './open-database.js'
import { Session } from './session.js'
import type { Report, Request, ThreadSetup } from './thread-messages.js'
import { messageOf } from './thrown.js'

if (!parentPort) throw new Error('Expected to be run as a worker thread')
const port = parentPort

const report = (what: Report, transfer: ArrayBuffer[] = []) => port.postMessage(what, transfer)

/** Ends the thread at once, even out of PGlite's own loops, which swallow exceptions they don't know. */
function die(reason: string): never {
  report({ kind: 'broken', reason })
  process.exit(1)
}

const complaints = new Complaints()

async function importPGlite() {
  try {
    return { ...(await import('@electric-sql/pglite')), ...(await import('@electric-sql/pglite/nodefs')) }
  } catch (error) {
    report({ kind: 'notInstalled', reason: messageOf(error) })
    return process.exit(1)
  }
}

/** Runs requests one after the other: each waits for the one before. */
function serve(database: PGlite): void {
  const session = new Session(database, (recipient, bytes) =>
    report({ kind: 'answer', session: recipient, bytes }, [bytes.buffer]),
  )
  const maintenance = new Maintenance(database)
  let queue: Promise<void> = Promise.resolve()
  const enqueue = (work: () => Promise<void>) => {
    queue = queue.then(work).catch((error: unknown) => die(complaints.explain(error)))
  }
  maintenance.start(enqueue)

  port.on('message', (request: Request) => {
    enqueue(async () => {
      switch (request.kind) {
        case 'run':
          await session.run(request.session, request.bytes)
          maintenance.noteWork()
          break
        case 'endSession':
          await session.reset()
          break
        case 'close':
          maintenance.stop()
          await database.close()
          port.close()
          break
      }
    })
  })
}

try {
  const setup: ThreadSetup = workerData
  serve(await openDatabase(await importPGlite(), setup, complaints, die))
  report({ kind: 'ready' })
} catch (error) {
  die(complaints.explain(error))
}
