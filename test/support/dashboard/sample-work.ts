import { readFile } from 'node:fs/promises'
import { TaskFailure, TunaCornClient, Worker, type Handler } from '../../../packages/client/dist/index.js'

const examples = new URL('../../../examples/', import.meta.url)

const fulfilment = `name: order-fulfilment
description: An order is paid, packed and sent; the customer hears of it.
timeout: 7d
defaults: { retry: { limit: 3, delay: 2m, jitter: false }, timeout: 10m, heartbeat: 1m }
tasks:
  - name: Check Stock
  - name: Charge Card
    needs: [Check Stock]
  - name: Reserve Carrier
    needs: [Check Stock]
  - name: Pick Items
    needs: [Charge Card]
  - name: Print Label
    needs: [Reserve Carrier, Charge Card]
  - name: Pack
    needs: [Pick Items, Print Label]
  - name: Hand Over
    needs: [Pack]
  - name: Send Receipt
    needs: [Charge Card]
  - name: Ask For Review
    needs: [Hand Over]
    delay: 3d
`

/** A definition that fans out and in again. */
export function fanOut(name: string, parts: number): string {
  const middle = Array.from(
    { length: parts },
    (_, part) => `  - { name: Resize ${part + 1}, needs: [Split] }\n`,
  ).join('')
  const needs = Array.from({ length: parts }, (_, part) => `Resize ${part + 1}`).join(', ')
  return `name: ${name}\ntasks:\n  - { name: Split }\n${middle}  - { name: Join, needs: [${needs}] }\n`
}

/** Fills a TunaCorn with processes of every kind, and leaves workers at work. Returns the processes worth a look. */
export async function doSampleWork(
  url: string,
): Promise<{ order: string; failed: string; large: string; stop: () => Promise<void> }> {
  const client = new TunaCornClient({ url })
  for (const name of ['undo-trip', 'book-trip', 'loan-application']) {
    await client.registerDefinition(await readFile(new URL(`${name}.yaml`, examples), 'utf8'))
  }
  await client.registerDefinition(fulfilment)
  await client.registerDefinition(fanOut('thumbnails', 8))

  const workers = [
    workerFor(url, 'warehouse-1', warehouse),
    workerFor(url, 'warehouse-2', warehouse),
    workerFor(url, 'payments', payments),
    workerFor(url, 'bank', bank),
    workerFor(url, 'mail', { 'Send Receipt': after(500_000, {}) }),
  ]
  const { id: large } = await client.startProcess({ definition: 'thumbnails', key: 'album-12' })
  for (let loan = 1; loan <= 14; loan += 1) {
    await client.startProcess({
      definition: 'loan-application',
      key: `loan-${loan}`,
      input: { applicant: 'Ada Lovelace', amount: loan * 1_000 },
    })
  }
  for (let order = 4711; order < 4719; order += 1) {
    await client.startProcess({
      definition: 'order-fulfilment',
      key: `order-${order}`,
      input: { customer: 'Grace Hopper', items: order % 5 },
    })
  }
  const { id: failed } = await client.startProcess({
    definition: 'order-fulfilment',
    key: 'order-4719',
    input: { customer: 'Nobody' },
  })
  const { id: order } = await client.startProcess({
    definition: 'order-fulfilment',
    key: 'order-4720',
    input: { customer: 'Grace Hopper', items: [{ sku: 'FIN-3', count: 2 }], total: 184.5 },
  })
  const { id: paused } = await client.startProcess({
    definition: 'book-trip',
    key: 'trip-8',
    input: { traveller: 'Ada' },
  })
  const { id: cancelled } = await client.startProcess({
    definition: 'book-trip',
    key: 'trip-9',
    input: { traveller: 'Ada' },
  })
  await client.pauseProcess(paused, { by: 'Ada' })
  await client.cancelProcess(cancelled, { by: 'Ada', reason: 'The traveller has changed her mind' })
  await client.waitForProcess(failed)
  return {
    order,
    failed,
    large,
    stop: async () => void (await Promise.all(workers.map((worker) => worker.stop({ graceMs: 0 })))),
  }
}

function workerFor(url: string, name: string, handlers: Record<string, Handler>): Worker {
  const worker = new Worker({ url, name, handlers, concurrency: 4 })
  worker.start()
  return worker
}

const after =
  (ms: number, output: unknown): Handler =>
  async (_task, { signal }) => {
    await new Promise<void>((done, failed) => {
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', () => (clearTimeout(timer), failed(signal.reason as Error)))
    })
    return output
  }

const warehouse: Record<string, Handler> = {
  'Check Stock': after(700, { inStock: true, shelf: 'B-12' }),
  'Pick Items': after(1_600, { picked: 2 }),
  'Reserve Carrier': async (task, context) => {
    const { customer, total } = task.attributes as { customer?: string; total?: number }
    if (total !== undefined)
      throw new TaskFailure('The carrier answered 503', { details: { carrier: 'Northwind' } })
    return after(customer === undefined ? 100 : 900, { carrier: 'Northwind', slot: '14:00' })(task, context)
  },
  'Print Label': after(400, { label: 'NW-77120' }),
  Split: after(300, { parts: 8 }),
  'Resize 1': after(50, { kb: 31 }),
  'Resize 2': after(50, { kb: 29 }),
}

const payments: Record<string, Handler> = {
  'Charge Card': async (task, context) => {
    const { customer } = task.attributes as { customer?: string }
    if (customer === 'Nobody')
      throw new TaskFailure('The card was declined', { details: { code: 'do_not_honor' }, retry: false })
    return after(1_100, { charged: 184.5, currency: 'EUR' })(task, context)
  },
}

const bank: Record<string, Handler> = {
  'Open Loan Application': after(60, { opened: true }),
  'Review Credit': after(140, { score: 7 }),
  'Review Assets': after(210, { assets: 120_000 }),
  'Review Application Details': after(90, { complete: true }),
  'Send Email': after(40, { sent: true }),
}
