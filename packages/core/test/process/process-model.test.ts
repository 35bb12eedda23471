import { Process, TunaCornError } from '@tunacorn/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/** A definition without cycles: each task may need any before it; then the lines are shuffled. */
const definitions = fc
  .array(fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), { minLength: 1, maxLength: 25 })
  .map((lists) =>
    lists.map((list, task) => ({
      name: `t${task}`,
      needs: [...new Set(list.filter((need) => need < task).map((need) => `t${need}`))],
    })),
  )
  .chain((tasks) => fc.shuffledSubarray(tasks, { minLength: tasks.length }))

const reports = fc.array(fc.record({ pick: fc.nat(), fails: fc.nat({ max: 15 }).map((n) => n === 0) }), {
  maxLength: 60,
})

/** What a process is, said as naively as possible: sets of names, looked through each time. */
class NaiveProcess {
  readonly completed = new Set<string>()
  failed: string | undefined
  readonly #tasks: readonly { name: string; needs: string[] }[]

  constructor(tasks: readonly { name: string; needs: string[] }[]) {
    this.#tasks = tasks
  }

  active(): string[] {
    if (this.failed !== undefined) return []
    return this.#tasks
      .filter(
        ({ name, needs }) => !this.completed.has(name) && needs.every((need) => this.completed.has(need)),
      )
      .map(({ name }) => name)
  }

  stateOf(name: string): string {
    if (this.completed.has(name)) return 'completed'
    if (this.failed === name) return 'failed'
    return this.failed === undefined ? 'pending' : 'cancelled'
  }
}

describe('a process, beside a naive model of it', () => {
  it('is the same after every step, and after export and import', () => {
    fc.assert(
      fc.property(definitions, reports, (tasks, commands) => {
        let process = Process.start({ tasks })
        const model = new NaiveProcess(tasks)
        for (const { pick, fails } of commands) {
          const { name } = tasks[pick % tasks.length] ?? { name: '' }
          const isActive = model.active().includes(name)
          const report = () => (fails ? process.fail(name, 'broken') : process.complete(name, { name }))
          if (!isActive) expect(report).toThrow(TunaCornError)
          else {
            report()
            if (fails) model.failed = name
            else model.completed.add(name)
          }
          process = Process.import(process.export())
          expect(process.getActiveTasks().map((task) => task.name)).toEqual(model.active())
          for (const task of process.getTasks()) expect(task.state).toBe(model.stateOf(task.name))
          expect(process.isComplete()).toBe(model.completed.size === tasks.length)
          expect(process.isFailed()).toBe(model.failed !== undefined)
        }
      }),
    )
  })

  it('always has an active task while it runs, so that it always comes to an end', () => {
    fc.assert(
      fc.property(definitions, fc.infiniteStream(fc.nat()), (tasks, picks) => {
        const process = Process.start({ tasks })
        for (let steps = 0; !process.isComplete(); steps += 1) {
          expect(steps).toBeLessThan(tasks.length)
          const active = process.getActiveTasks()
          expect(active.length).toBeGreaterThan(0)
          process.complete(active[(picks.next().value ?? 0) % active.length]?.name ?? '')
        }
      }),
    )
  })
})
