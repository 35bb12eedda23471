// Circles in a graph of files: `arrows` maps each file to the files it imports, as `{ target, found }`.

/** The strongly connected parts with more than one file (or a file that imports itself): Tarjan, without recursion. */
export function knotsOf(arrows) {
  const order = new Map()
  const lowest = new Map()
  const open = []
  const knots = []
  for (const start of arrows.keys()) {
    if (order.has(start)) continue
    const walk = [{ file: start, next: 0 }]
    while (walk.length > 0) {
      const place = walk.at(-1)
      const { file } = place
      if (place.next === 0) {
        order.set(file, order.size)
        lowest.set(file, order.get(file))
        open.push(file)
      }
      const target = arrows.get(file)[place.next]?.target
      place.next++
      if (target === undefined) {
        if (lowest.get(file) === order.get(file)) {
          const knot = open.splice(open.indexOf(file))
          if (knot.length > 1 || arrows.get(file).some((arrow) => arrow.target === file))
            knots.push(new Set(knot))
        }
        walk.pop()
        const parent = walk.at(-1)?.file
        if (parent !== undefined) lowest.set(parent, Math.min(lowest.get(parent), lowest.get(file)))
      } else if (!order.has(target)) {
        walk.push({ file: target, next: 0 })
      } else if (open.includes(target)) {
        lowest.set(file, Math.min(lowest.get(file), order.get(target)))
      }
    }
  }
  return knots
}

/** The arrows of a shortest circle in a knot, beginning with the one that leaves its last file. */
export function shortestCircle(knot, arrows) {
  let shortest
  for (const start of knot) {
    const cameBy = new Map()
    const queue = [start]
    while (queue.length > 0 && !cameBy.has(start)) {
      const file = queue.shift()
      for (const { target, found } of arrows.get(file)) {
        if (!knot.has(target) || cameBy.has(target)) continue
        cameBy.set(target, { from: file, target, found })
        queue.push(target)
      }
    }
    const circle = []
    for (
      let step = cameBy.get(start);
      step !== undefined;
      step = step.from === start ? undefined : cameBy.get(step.from)
    ) {
      circle.unshift(step)
    }
    if (shortest === undefined || circle.length < shortest.length) shortest = circle
  }
  return shortest
}
