import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DefinitionError, Process, TunaCornError } from '@tunacorn/core'
import { describe, expect, it } from 'vitest'

const loan = `
tasks:
  - name: Open Loan Application
  - name: Review Credit
    needs: [Open Loan Application]
  - name: Review Assets
    needs: [Open Loan Application]
  - name: Send Email
    needs: [Review Credit, Review Assets]
`

function names(process: Process): string[] {
  return process.getActiveTasks().map(({ name }) => name)
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
  } catch (error) {
    return error instanceof TunaCornError ? error.code : String(error)
  }
  return undefined
}

describe('a process by itself', () => {
  it('starts with every task active that needs none', () => {
    const process = Process.start('tasks: [{name: A}, {name: B, needs: []}, {name: C, needs: [A]}]')
    expect(names(process)).toEqual(['A', 'B'])
    expect(process.state).toBe('running')
    expect(process.version).toBe(1)
    expect(process.progress).toBe(0)
  })

  it('makes a task active when the last of its needs is completed', () => {
    const process = Process.start(loan)
    process.complete('Open Loan Application', { amount: 1_000_000 })
    expect(names(process)).toEqual(['Review Credit', 'Review Assets'])
    process.complete('Review Assets')
    expect(names(process)).toEqual(['Review Credit'])
    process.complete('Review Credit')
    expect(names(process)).toEqual(['Send Email'])
    expect(process.isComplete()).toBe(false)
    process.complete('Send Email')
    expect(process.isComplete()).toBe(true)
    expect(process.progress).toBe(100)
    expect(names(process)).toEqual([])
  })

  it('rounds its progress down', () => {
    const process = Process.start('tasks: [{name: A}, {name: B}, {name: C}]')
    process.complete('A')
    expect(process.progress).toBe(33)
    process.complete('B')
    expect(process.progress).toBe(66)
  })

  it('fails with the task that fails, and cancels what is left', () => {
    const process = Process.start(loan)
    process.complete('Open Loan Application')
    process.fail('Review Credit', { message: 'Credit score was too low!' })
    expect(process.isFailed()).toBe(true)
    expect(process.isComplete()).toBe(false)
    expect(names(process)).toEqual([])
    expect(process.getTasks()).toEqual([
      { name: 'Open Loan Application', state: 'completed' },
      { name: 'Review Credit', state: 'failed' },
      { name: 'Review Assets', state: 'cancelled' },
      { name: 'Send Email', state: 'cancelled' },
    ])
  })

  it('shows each task the input and the outputs of all its ancestors, the later over the earlier', () => {
    const process = Process.start(
      'tasks: [{name: A}, {name: B, needs: [A]}, {name: C, needs: [B]}, {name: Other}]',
      { input: { from: 'input', a: 0 } },
    )
    process.complete('Other', { hidden: true })
    process.complete('A', { a: 1, b: 1 })
    process.complete('B', { b: 2, ['__proto__']: 'kept' })
    const [task] = process.getActiveTasks()
    expect(task?.attributes).toEqual(JSON.parse('{"from":"input","a":1,"b":2,"__proto__":"kept"}'))
    expect(Object.keys(task?.attributes ?? {})).toContain('__proto__')
  })

  it('leaves outputs that are no objects out of the attributes', () => {
    const process = Process.start('tasks: [{name: A}, {name: B}, {name: C, needs: [A, B]}]')
    process.complete('A', [1, 2])
    process.complete('B', 'text')
    expect(process.getActiveTasks()[0]?.attributes).toEqual({})
  })

  it('says by a code why something cannot be done', () => {
    const process = Process.start(loan)
    expect(codeOf(() => process.complete('Review House'))).toBe('task-not-found')
    expect(codeOf(() => process.getTaskState('Review House'))).toBe('task-not-found')
    expect(codeOf(() => process.complete('Review Credit'))).toBe('task-not-active')
    process.complete('Open Loan Application')
    expect(codeOf(() => process.complete('Open Loan Application'))).toBe('task-ended')
    expect(codeOf(() => process.complete('Review Credit', () => {}))).toBe('payload-refused')
    expect(codeOf(() => process.complete('Review Credit', 'x'.repeat(2 * 1024 * 1024)))).toBe('too-large')
    process.fail('Review Credit')
    expect(codeOf(() => process.complete('Review Assets'))).toBe('process-ended')
    expect(process.version).toBe(3)
  })

  it('is started from text, from parsed data, or from the path of a file', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'tunacorn-')), 'loan.yaml')
    writeFileSync(path, loan)
    for (const source of [loan, path, { tasks: [{ name: 'Open Loan Application' }] }]) {
      expect(names(Process.start(source))).toEqual(['Open Loan Application'])
    }
    expect(() => Process.start('tasks: [{name: A, needs: [B]}]')).toThrow(DefinitionError)
    expect(() => Process.start({ tasks: [] })).toThrow(DefinitionError)
    expect(() => Process.start('missing.yaml')).toThrow(/ENOENT/)
  })

  it('has an id that sorts by the time it was started', () => {
    const ids = Array.from({ length: 100 }, () => Process.start(loan).id)
    expect(new Set(ids).size).toBe(100)
    expect([...ids].sort()).toEqual(ids)
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('comes out of its export as it was, and shares nothing with it', () => {
    const process = Process.start(loan, { input: { list: [1] } })
    process.complete('Open Loan Application', { list: [2] })
    const exported = process.export()
    const copy = Process.import(JSON.parse(JSON.stringify(exported)))
    expect(copy.export()).toEqual(exported)
    expect(names(copy)).toEqual(names(process))
    expect(copy.version).toBe(process.version)

    copy.complete('Review Credit', { only: 'the copy' })
    ;(exported.input as { list: number[] }).list.push(99)
    expect(names(process)).toEqual(['Review Credit', 'Review Assets'])
    expect(process.export().input).toEqual({ list: [1] })
    expect(exported.events).toHaveLength(2)
  })

  it('refuses a history with an event that it does not know', () => {
    const exported = Process.start(loan).export()
    const newer = { ...exported, events: [...exported.events, { type: 'task-teleported' }] }
    expect(codeOf(() => Process.import(newer as typeof exported))).toBe('history-unknown')
  })
})
