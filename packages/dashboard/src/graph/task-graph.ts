/** What is drawn as one: a task, or several that look alike. By their places in the definition. */
export interface GraphNode {
  readonly members: readonly number[]
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  /** From what is needed to who needs it, as places among the nodes. */
  readonly edges: readonly (readonly [from: number, to: number])[]
}

/** Every task for itself. */
export function graphOf(
  tasks: readonly { readonly name: string; readonly needs: readonly string[] }[],
): Graph {
  const places = new Map(tasks.map(({ name }, index) => [name, index]))
  return {
    nodes: tasks.map((_, index) => ({ members: [index] })),
    edges: tasks.flatMap(({ needs }, index) =>
      needs.flatMap((need) => {
        const from = places.get(need)
        return from === undefined ? [] : [[from, index] as const]
      }),
    ),
  }
}

/** Nodes before and after each node. */
export function neighboursOf({ nodes, edges }: Graph): { before: number[][]; after: number[][] } {
  const before: number[][] = nodes.map(() => [])
  const after: number[][] = nodes.map(() => [])
  for (const [from, to] of edges) {
    before[to]?.push(from)
    after[from]?.push(to)
  }
  return { before, after }
}
