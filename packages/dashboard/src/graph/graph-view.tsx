import type { Definition } from '@tunacorn/protocol'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Look } from '../process/task-run.js'
import { collapse } from './collapse.js'
import { GraphNodeView } from './graph-node.js'
import { pathOf, type Direction, type Layout } from './geometry.js'
import { layoutOf } from './layouts.js'
import { useWidth } from '../parts/use-width.js'
import { graphOf, type Graph } from './task-graph.js'
import { leastFitting, useView, type View } from './use-view.js'

/** Beyond so many nodes, what repeats is drawn together. */
const mostNodes = 300
/** Below this width a graph grows downwards. */
const narrowPx = 640

interface GraphViewProps {
  readonly definition: Definition
  /** By the tasks' places; absent where nothing runs. */
  readonly looks?: readonly Look[]
  readonly notes?: readonly (string | undefined)[]
  readonly openTask?: number | undefined
  readonly onOpen?: (members: readonly number[]) => void
}

/** Drawn for the eye and the mouse: the table of tasks says the same to everybody else. */
export function GraphView({ definition, looks, notes, openTask, onOpen }: GraphViewProps) {
  const frame = useRef<HTMLDivElement>(null)
  const graph = useMemo(() => collapse(graphOf(definition.tasks), mostNodes), [definition])
  const width = useWidth(frame)
  const direction: Direction = width < narrowPx ? 'down' : 'across'
  const layout = useLayout(definition, graph, direction, width)
  const height = layout === undefined ? 160 : heightFor(layout, width)
  const view = useView(frame, layout, width, height)
  const together = definition.tasks.length - graph.nodes.length
  return (
    <div class="graph">
      <div class="graph-frame" ref={frame} style={{ height: `${height}px` }}>
        {layout !== undefined && (
          <svg
            width={width}
            height={height}
            role="img"
            aria-label={`Graph of ${definition.tasks.length} tasks`}
          >
            <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
              <Edges layout={layout} graph={graph} looks={looks} />
              {graph.nodes.map((node, index) => {
                const place = layout.nodes[index]
                if (place === undefined || !isInView(place, view, width, height)) return null
                return (
                  <GraphNodeView
                    key={index}
                    place={place}
                    names={node.members.map((member) => definition.tasks[member]?.name ?? '')}
                    looks={looks && node.members.map((member) => looks[member] ?? 'pending')}
                    note={node.members.length === 1 ? notes?.[node.members[0] ?? 0] : undefined}
                    isOpen={openTask !== undefined && node.members.includes(openTask)}
                    onOpen={onOpen && (() => onOpen(node.members))}
                  />
                )
              })}
            </g>
          </svg>
        )}
      </div>
      <div class="graph-tools">
        {together > 0 && (
          <span class="faint">{together.toLocaleString('en')} tasks that repeat are drawn together.</span>
        )}
        <span class="graph-buttons">
          <button
            type="button"
            class="quiet icon-button"
            aria-label="Smaller"
            onClick={() => view.zoom(1 / 1.3)}
          >
            −
          </button>
          <button type="button" class="quiet icon-button" aria-label="Larger" onClick={() => view.zoom(1.3)}>
            +
          </button>
          <button type="button" class="quiet" onClick={view.fit}>
            Fit
          </button>
        </span>
      </div>
    </div>
  )
}

interface EdgesProps {
  readonly layout: Layout
  readonly graph: Graph
  readonly looks: readonly Look[] | undefined
}

function Edges({ layout, graph, looks }: EdgesProps) {
  const paths = useMemo(() => layout.edges.map((points) => pathOf(points, layout.direction)), [layout])
  return (
    <g class="edges">
      {paths.map((path, index) => {
        const from = graph.edges[index]?.[0] ?? 0
        const isDone = graph.nodes[from]?.members.every((member) => looks?.[member] === 'completed')
        return <path key={index} d={path} class={isDone === true ? 'is-done' : ''} />
      })}
    </g>
  )
}

function useLayout(
  definition: Definition,
  graph: Graph,
  direction: Direction,
  width: number,
): Layout | undefined {
  const [layout, setLayout] = useState<Layout>()
  const { name, version } = definition
  useEffect(() => {
    let isWanted = width > 0
    const layOut = async () => {
      const made = await layoutOf(`${name} ${version}`, graph, direction)
      if (isWanted) setLayout(made)
    }
    if (isWanted) void layOut()
    return () => {
      isWanted = false
    }
  }, [name, version, direction, width > 0])
  return layout
}

/** As high as it needs to be, and no higher than half a screen. */
function heightFor(layout: Layout, width: number): number {
  const scale = Math.min(1, Math.max(leastFitting, width / layout.width))
  return Math.round(Math.min(460, Math.max(96, layout.height * scale)))
}

function isInView({ x, y }: { x: number; y: number }, view: View, width: number, height: number): boolean {
  const [left, top] = [x * view.scale + view.x, y * view.scale + view.y]
  return left > -200 && left < width + 200 && top > -100 && top < height + 100
}
