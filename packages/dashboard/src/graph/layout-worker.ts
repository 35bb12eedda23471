import type { Direction } from './geometry.js'
import { layOut } from './layout.js'
import type { Graph } from './task-graph.js'

export interface LayoutOrder {
  readonly number: number
  readonly graph: Graph
  readonly direction: Direction
}

// Runs beside the page, which stays smooth however large the graph is.
self.addEventListener('message', ({ data }: MessageEvent<LayoutOrder>) => {
  self.postMessage({ number: data.number, layout: layOut(data.graph, data.direction) })
})
