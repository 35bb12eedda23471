import { useEffect, useState } from 'preact/hooks'
import type { Layout } from './geometry.js'

export interface View {
  readonly x: number
  readonly y: number
  readonly scale: number
}

export interface MovableView extends View {
  readonly zoom: (by: number) => void
  readonly fit: () => void
}

/** A drawing that is fitted may be smaller: then it grows only. */
const least = 0.08
const most = 2
/** Smaller than this, names cannot be read: rather a part of the graph than all of it. */
export const leastFitting = 0.7

/** What part of a drawing is seen: dragged, zoomed with Ctrl and the wheel, fitted when it is new, or whole. */
export function useView(
  frame: { current: HTMLElement | null },
  layout: Layout | undefined,
  width: number,
  height: number,
): MovableView {
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 })
  const fit = (leastScale: number) =>
    setView((old) => (layout === undefined ? old : fitting(layout, width, height, leastScale)))
  useEffect(() => fit(leastFitting), [layout, width, height])
  useEffect(() => {
    const element = frame.current
    if (element === null) return undefined
    return listen(element, setView)
  }, [layout])
  const zoom = (by: number) => setView((old) => zoomed(old, by, width / 2, height / 2))
  return { ...view, zoom, fit: () => fit(0) }
}

/** As much of a drawing as there is room for, no smaller than `leastScale`: with 0, all of it. */
export function fitting(layout: Layout, width: number, height: number, leastScale: number): View {
  const scale = Math.max(leastScale, Math.min(1, width / layout.width, height / layout.height))
  const [first = { x: 0, y: 0 }] = layout.nodes
  return {
    x: along(width, layout.width * scale, first.x * scale),
    y: along(height, layout.height * scale, first.y * scale),
    scale,
  }
}

/** In the middle where all of it fits; else as near to it as the first node can be. */
function along(frame: number, drawing: number, first: number): number {
  if (drawing <= frame) return (frame - drawing) / 2
  return Math.min(0, Math.max(frame - drawing, frame / 2 - first))
}

function zoomed({ x, y, scale }: View, by: number, atX: number, atY: number): View {
  const next = Math.min(most, Math.max(Math.min(least, scale), scale * by))
  const ratio = next / scale
  return { x: atX - (atX - x) * ratio, y: atY - (atY - y) * ratio, scale: next }
}

type SetView = (change: (old: View) => View) => void

function listen(element: HTMLElement, setView: SetView): () => void {
  let dragged: { x: number; y: number } | undefined
  let isMoved = false
  const listeners = {
    pointerdown: (event: PointerEvent) => {
      if (event.button === 0) dragged = { x: event.clientX, y: event.clientY }
      isMoved = false
    },
    pointermove: (event: PointerEvent) => {
      if (dragged === undefined) return
      const [dx, dy] = [event.clientX - dragged.x, event.clientY - dragged.y]
      if (!isMoved && Math.hypot(dx, dy) < 4) return
      if (!isMoved) element.setPointerCapture(event.pointerId)
      isMoved = true
      dragged = { x: event.clientX, y: event.clientY }
      setView((old) => ({ ...old, x: old.x + dx, y: old.y + dy }))
    },
    pointerup: () => {
      dragged = undefined
    },
    pointercancel: () => {
      dragged = undefined
    },
    wheel: (event: WheelEvent) => {
      // Without Ctrl the wheel scrolls the page; a pinch on a touchpad comes with it.
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      const box = element.getBoundingClientRect()
      const by = Math.exp(-event.deltaY / 300)
      setView((old) => zoomed(old, by, event.clientX - box.left, event.clientY - box.top))
    },
  }
  const entries = Object.entries(listeners) as [string, (event: Event) => void][]
  for (const [name, listener] of entries) element.addEventListener(name, listener, { passive: false })
  return () => {
    for (const [name, listener] of entries) element.removeEventListener(name, listener)
  }
}
