import type {
  ClaimedTask,
  ClaimedTasks,
  ClaimTasks,
  Definition,
  FailTask,
  HistoryEvent,
  HistoryPage,
  Process,
  Reported,
  StartProcess,
  Task,
  TaskPage,
} from '@tunacorn/protocol'
import type { Api } from './api.js'

// Steps that succeed, for tests that are about what comes after them.

export const yaml = 'application/yaml'

/** `{ A: [], B: ['A'] }`: tasks by name, each with its needs. A list of pairs where names must be `__proto__`. */
export type Tasks =
  Readonly<Record<string, readonly string[]>> | readonly (readonly [string, readonly string[]])[]

/** @param settings what the definition says besides, such as `{ defaults: { retry: 1 } }`. */
export function source(name: string, tasks: Tasks, settings: object = {}): object {
  const pairs = Array.isArray(tasks) ? (tasks as [string, string[]][]) : Object.entries(tasks)
  return { name, ...settings, tasks: pairs.map(([task, needs]) => ({ name: task, needs })) }
}

/** For tests in which a task is handed out again, or held for long. */
export const patient = { defaults: { retry: { limit: 5, delay: '0s' }, heartbeat: '2h' } }

export async function register(
  api: Api,
  name: string,
  tasks: Tasks,
  settings: object = {},
): Promise<Definition> {
  const { status, body } = await api.post<Definition>('/definitions', source(name, tasks, settings))
  if (status !== 201 && status !== 200)
    throw new Error(`Expected ${name} to be registered: ${JSON.stringify(body)}`)
  return body
}

export async function start(
  api: Api,
  definition: string,
  rest: Omit<StartProcess, 'definition'> = {},
): Promise<Process> {
  const { status, body } = await api.post<Process>('/processes', { definition, ...rest })
  if (status !== 201) throw new Error(`Expected ${definition} to start: ${JSON.stringify(body)}`)
  return body
}

/** Registers and starts at once. */
export async function run(
  api: Api,
  tasks: Tasks,
  rest: Omit<StartProcess, 'definition'> = {},
  settings: object = {},
): Promise<Process> {
  const { name } = await register(api, 'under-test', tasks, settings)
  return start(api, name, rest)
}

export async function claimAll(api: Api, rest: Partial<ClaimTasks> = {}): Promise<ClaimedTask[]> {
  const { status, body } = await api.post<ClaimedTasks>('/tasks/claim', {
    worker: 'tester',
    max: 250,
    ...rest,
  })
  if (status !== 200) throw new Error(`Expected a claim to be answered: ${JSON.stringify(body)}`)
  return body.tasks
}

/** The only task there is to claim. */
export async function claimOne(api: Api, rest: Partial<ClaimTasks> = {}): Promise<ClaimedTask> {
  const tasks = await claimAll(api, rest)
  const [task] = tasks
  if (task === undefined || tasks.length > 1)
    throw new Error(`Expected one task, but claimed ${tasks.length}`)
  return task
}

export async function complete(api: Api, { id, claim }: ClaimedTask, output?: unknown): Promise<Reported> {
  const { status, body } = await api.post<Reported>(`/tasks/${id}/complete`, { claim, output })
  if (status !== 200) throw new Error(`Expected ${id} to be completed: ${JSON.stringify(body)}`)
  return body
}

export async function fail(
  api: Api,
  { id, claim }: ClaimedTask,
  error: unknown = 'broken',
  rest: Pick<FailTask, 'retry' | 'retryIn'> = {},
): Promise<Reported> {
  const { status, body } = await api.post<Reported>(`/tasks/${id}/fail`, { claim, error, ...rest })
  if (status !== 200) throw new Error(`Expected ${id} to fail: ${JSON.stringify(body)}`)
  return body
}

/**
 * Claims one task after another, only those of `names` when given, and completes each with what `outputs` has for its
 * name, until there are none.
 */
export async function workOff(
  api: Api,
  outputs: ReadonlyMap<string, unknown> = new Map(),
  names?: readonly string[],
): Promise<string[]> {
  const done: string[] = []
  for (;;) {
    const [task] = await claimAll(api, { max: 1, attributes: false, ...(names && { names: [...names] }) })
    if (task === undefined) return done
    await complete(api, task, outputs.get(task.name))
    done.push(task.name)
  }
}

export async function show(api: Api, process: { readonly id: string }): Promise<Process> {
  return (await api.get<Process>(`/processes/${process.id}`)).body
}

/** States of the tasks of a process, by name. */
export async function states(
  api: Api,
  process: { readonly id: string },
): Promise<Record<string, Task['state']>> {
  const { body } = await api.get<TaskPage>(`/processes/${process.id}/tasks?limit=1000`)
  return Object.fromEntries(body.items.map(({ name, state }) => [name, state]))
}

/** All names on the board. */
export async function board(api: Api): Promise<string[]> {
  const { body } = await api.get<TaskPage>('/tasks?limit=1000')
  return body.items.map(({ name }) => name)
}

export async function historyOf(api: Api, process: { readonly id: string }): Promise<HistoryEvent[]> {
  return (await api.get<HistoryPage>(`/processes/${process.id}/history?limit=1000`)).body.items
}
