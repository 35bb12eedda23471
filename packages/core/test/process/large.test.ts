import { Process } from '@tunacorn/core'
import { describe, expect, it } from 'vitest'

const size = 100_000
// On two slow cores with everything else running; alone it takes a fraction of this.
const withinMs = 4_000

interface Task {
  readonly name: string
  readonly needs: readonly string[]
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

function timed(run: () => void): number {
  const begin = performance.now()
  run()
  return performance.now() - begin
}

describe('a process of 100,000 tasks', () => {
  it('runs as a chain', () => {
    const tasks: Task[] = range(size).map((task) => ({
      name: `t${task}`,
      needs: task === 0 ? [] : [`t${task - 1}`],
    }))
    const process = Process.start({ tasks })
    const ms = timed(() => {
      for (let next = process.getActiveTasks()[0]; next !== undefined; next = process.getActiveTasks()[0]) {
        process.complete(next.name)
      }
    })
    expect(process.isComplete()).toBe(true)
    expect(ms).toBeLessThan(withinMs)
  })

  it('runs as a fan-out with a join', () => {
    const middle = range(size - 2).map((task) => `t${task}`)
    const tasks: Task[] = [
      { name: 'begin', needs: [] },
      ...middle.map((name) => ({ name, needs: ['begin'] })),
      { name: 'end', needs: middle },
    ]
    const process = Process.start({ tasks })
    const ms = timed(() => {
      process.complete('begin')
      for (const { name } of process.getActiveTasks()) process.complete(name, { ok: true })
      process.complete('end')
    })
    expect(process.isComplete()).toBe(true)
    expect(ms).toBeLessThan(withinMs)
  })
})
