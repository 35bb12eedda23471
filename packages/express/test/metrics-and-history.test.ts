import { expect, test } from 'vitest'
import type { ClaimedTask, HistoryEvent, ProcessPage, TaskResult } from '@tunacorn/protocol'
import type { Api } from './support/api.js'
import { scrape } from './support/scrape.js'
import { claimAll, historyOf, register, start } from './support/steps.js'
import { onEachStore } from './support/stores.js'

const settings = { defaults: { retry: { limit: 2, delay: '0s' }, heartbeat: '300ms' } }
const started = 24

onEachStore((serveFresh) => {
  test('what is counted is what the histories say, whatever workers do', { timeout: 120_000 }, async () => {
    const { api } = await serveFresh({ metrics: true })
    await register(
      api,
      'review',
      { Open: [], Credit: ['Open'], Assets: ['Open'], Mail: ['Credit', 'Assets'] },
      settings,
    )
    await register(api, 'note', { Note: [] }, settings)
    const processes = await Promise.all(
      Array.from({ length: started }, async (_, n) => start(api, n % 3 === 0 ? 'note' : 'review')),
    )
    await api.post(`/processes/${processes[1]?.id}/cancel`, {})
    const handedOut = await Promise.all([1, 2, 3].map(async () => workUntilAllEnded(api)))

    const events = (await Promise.all(processes.map((process) => historyOf(api, process)))).flat()
    const samples = await scrape(api)
    expect(attemptsIn(samples)).toEqual(attemptsOf(events))
    expect(sum(samples, 'tunacorn_processes_started_total')).toBe(started)
    expect(sum(samples, 'tunacorn_processes_ended_total')).toBe(started)
    expect(sum(samples, 'tunacorn_processes_ended_total', 'state="cancelled"')).toBe(
      events.filter(({ type }) => type === 'process-cancelled').length,
    )
    expect(sum(samples, 'tunacorn_tasks_handed_out_total')).toBe(handedOut.reduce((all, one) => all + one))
  })
})

/** Completes most, many with the next claim; fails, gives back and forgets some. @returns how many it was given */
async function workUntilAllEnded(api: Api): Promise<number> {
  let given = 0
  let results: TaskResult[] = []
  while ((await api.get<ProcessPage>('/processes?state=running')).body.items.length > 0) {
    const tasks = await claimAll(api, { max: 3, wait: '200ms', results })
    results = []
    for (const task of tasks) {
      given += 1
      if (given % 2 === 0) results.push({ task: task.id, claim: task.claim, output: given })
      else await doSomething(api, task, given)
    }
  }
  return given
}

/** Each may come too late: the process has failed, or the lease has run out. */
async function doSomething(api: Api, { id, claim }: ClaimedTask, n: number): Promise<unknown> {
  if (n % 11 === 3) return api.post(`/tasks/${id}/fail`, { claim, error: 'broken' })
  if (n % 17 === 5) return api.post(`/tasks/${id}/fail`, { claim, error: 'for good', retry: false })
  if (n % 13 === 7) return api.post(`/tasks/${id}/release`, { claim })
  if (n % 7 === 2) return undefined
  return api.post(`/tasks/${id}/complete`, { claim })
}

/** How many attempts have ended how, by name. */
function attemptsOf(events: readonly HistoryEvent[]): Record<string, number> {
  const counts: Record<string, number> = {}
  const count = (task: string | undefined, outcome: string, by: number) => {
    const label = `{outcome="${outcome}",task="${task}"}`
    if (by > 0) counts[label] = (counts[label] ?? 0) + by
  }
  for (const { type, name, cause = 'reported', lapsed = [] } of events) {
    count(name, 'lapsed', lapsed.length)
    if (type === 'task-completed') count(name, 'completed', 1)
    if (type === 'attempt-failed' || type === 'task-failed')
      count(name, cause === 'reported' ? 'failed' : cause, 1)
  }
  return counts
}

function attemptsIn(samples: ReadonlyMap<string, number>): Record<string, number> {
  const name = 'tunacorn_attempts_total'
  return Object.fromEntries(
    [...samples]
      .filter(([key, value]) => key.startsWith(name) && value > 0)
      .map(([key, value]) => [key.slice(name.length), value]),
  )
}

function sum(samples: ReadonlyMap<string, number>, name: string, label = ''): number {
  return [...samples]
    .filter(([key]) => key.startsWith(`${name}{`) && key.includes(label))
    .reduce((all, [, value]) => all + value, 0)
}
