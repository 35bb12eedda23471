import type { Direction, Layout } from './geometry.js'
import type { LayoutOrder } from './layout-worker.js'
import type { Graph } from './task-graph.js'

interface LayoutAnswer {
  readonly number: number
  readonly layout: Layout
}

const mostKept = 20
const kept = new Map<string, Promise<Layout>>()
const waiting = new Map<number, (layout: Layout) => void>()
let worker: Worker | undefined
let lastNumber = 0

/** A version of a definition is laid out once, whatever happens to its processes. */
export function layoutOf(key: string, graph: Graph, direction: Direction): Promise<Layout> {
  const name = `${direction} ${key}`
  const known = kept.get(name)
  if (known !== undefined) return known
  const [oldest] = kept.keys()
  if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest)
  const laidOut = order(graph, direction)
  kept.set(name, laidOut)
  return laidOut
}

function order(graph: Graph, direction: Direction): Promise<Layout> {
  worker ??= openWorker()
  const number = (lastNumber += 1)
  const asked: LayoutOrder = { number, graph, direction }
  const start = performance.now()
  worker.postMessage(asked)
  return new Promise((resolve) => {
    waiting.set(number, (layout) => {
      // Seen with the browser's own tools.
      performance.measure('layout', { start })
      resolve(layout)
    })
  })
}

function openWorker(): Worker {
  const opened = new Worker(new URL('./layout-worker.js', import.meta.url), { type: 'module' })
  opened.addEventListener('message', ({ data: { number, layout } }: MessageEvent<LayoutAnswer>) => {
    waiting.get(number)?.(layout)
    waiting.delete(number)
  })
  return opened
}
