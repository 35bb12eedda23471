/** What a definition says, read without any of the code that is tested. */
export interface Graph {
  readonly name: string
  readonly tasks: readonly GraphTask[]
}

export interface GraphTask {
  readonly name: string
  readonly needs: readonly string[]
}

export const needsCount = ({ tasks }: Graph): number =>
  tasks.reduce((sum, { needs }) => sum + needs.length, 0)

/** As JSON, which YAML is as well; by default nothing is retried, not even what a lapsed lease has interrupted. */
export const definitionText = ({ name, tasks }: Graph, defaults?: { readonly retry: number }): string =>
  JSON.stringify({ name, defaults, tasks })

/** 1 → width → 1 */
export function fan(name: string, width: number): Graph {
  const middle = Array.from({ length: width }, (_, place) => `middle ${place}`)
  return {
    name,
    tasks: [
      // The order of lines means nothing: the last one comes first.
      { name: 'last', needs: middle },
      ...middle.map((task) => ({ name: task, needs: ['first'] })),
      { name: 'first', needs: [] },
    ],
  }
}

export function chain(name: string, length: number): Graph {
  const tasks = Array.from({ length }, (_, place) => ({
    name: `step ${place}`,
    needs: place === 0 ? [] : [`step ${place - 1}`],
  }))
  return { name, tasks: tasks.toReversed() }
}

/** Every task of a layer needs every task of the layer before. */
export function denseLayers(name: string, layers: number, width: number): Graph {
  const nameOf = (layer: number, place: number) => `layer ${layer} task ${place}`
  const layer = (at: number) => Array.from({ length: width }, (_, place) => nameOf(at, place))
  const tasks = Array.from({ length: layers }, (_, at) =>
    layer(at).map((task) => ({ name: task, needs: at === 0 ? [] : layer(at - 1) })),
  )
  return { name, tasks: tasks.flat() }
}

/** Every task needs the one above and the one to the left. */
export function diamondGrid(name: string, side: number): Graph {
  const nameOf = (row: number, column: number) => `${row}/${column}`
  const tasks = Array.from({ length: side * side }, (_, place) => {
    const [row, column] = [Math.floor(place / side), place % side]
    const needs = [
      ...(row > 0 ? [nameOf(row - 1, column)] : []),
      ...(column > 0 ? [nameOf(row, column - 1)] : []),
    ]
    return { name: nameOf(row, column), needs }
  })
  return { name, tasks }
}
