/** Whether a graph grows to the right or downwards. */
export type Direction = 'across' | 'down'

export interface Point {
  readonly x: number
  readonly y: number
}

/** Where everything is: nodes by their centres, in the order of the graph's. */
export interface Layout {
  readonly direction: Direction
  readonly width: number
  readonly height: number
  readonly nodes: readonly Point[]
  readonly edges: readonly (readonly Point[])[]
}

export const nodeWidth = 184
export const nodeHeight = 46

/** An SVG path through the points that leaves and reaches each in the direction of the graph. */
export function pathOf([first, ...others]: readonly Point[], direction: Direction): string {
  if (first === undefined) return ''
  let last = first
  let path = `M${round(first.x)} ${round(first.y)}`
  for (const next of others) {
    const middle = { x: (last.x + next.x) / 2, y: (last.y + next.y) / 2 }
    const [leaving, reaching] =
      direction === 'across'
        ? [
            { x: middle.x, y: last.y },
            { x: middle.x, y: next.y },
          ]
        : [
            { x: last.x, y: middle.y },
            { x: next.x, y: middle.y },
          ]
    path += `C${[leaving, reaching, next].map(({ x, y }) => `${round(x)} ${round(y)}`).join(' ')}`
    last = next
  }
  return path
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
