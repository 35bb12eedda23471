import {
  Engine,
  MemoryStore,
  type ClaimedTask,
  type EngineOptions,
  type ProcessChange,
  type ProcessList,
  type Store,
  type TaskList,
} from '@tunacorn/core'

export const loan = `
name: loan
tasks:
  - name: Open
    retry: 3
  - name: Credit
    needs: [Open]
  - name: Assets
    needs: [Open]
  - name: Email
    needs: [Credit, Assets]
`

export function flat(name: string, tasks: number): string {
  return JSON.stringify({ name, tasks: Array.from({ length: tasks }, (_, task) => ({ name: `t${task}` })) })
}

/** An engine on a store, whose lists may be stood in for. */
export function engineOn(store: Omit<Store, 'close'>, options: Partial<EngineOptions> = {}): Engine {
  const { definitionList, processList, taskList } = store
  return new Engine({ definitionList, processList, taskList, pollMs: 20, timekeeping: false, ...options })
}

/** A list that is another one except for some of its methods. */
export function standIn<T extends ProcessList | TaskList>(list: T, methods: Partial<T>): T {
  return new Proxy(list, {
    get(target, key) {
      const value: unknown =
        Reflect.get(methods, key) ?? withoutClaims(methods, key) ?? Reflect.get(target, key)
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
}

/** A list that persists otherwise takes no claims along, unless it says how. */
function withoutClaims(methods: Partial<ProcessList | TaskList>, key: string | symbol): unknown {
  if (key !== 'persistClaiming' || !('persist' in methods)) return undefined
  return async (changes: readonly ProcessChange[]) => ({
    results: await methods.persist?.(changes),
    handedOut: undefined,
  })
}

export async function startLoan(engine: Engine): Promise<string> {
  await engine.registerDefinition(loan)
  return (await engine.startProcess({ definition: 'loan', input: { applicant: 'Ada' } })).id
}

/** Claims one task of a process by name, which must be there. */
export async function claim(engine: Engine, process: string, name: string): Promise<ClaimedTask> {
  const { tasks } = await engine.claimTasks({ worker: 'tester', process, names: [name] })
  const [task] = tasks
  if (task === undefined) throw new Error(`Expected ${name} to be claimable, but it is not.`)
  return task
}

export async function complete(
  engine: Engine,
  process: string,
  name: string,
  output?: unknown,
): Promise<number> {
  const task = await claim(engine, process, name)
  return (await engine.completeTask(task.id, task.claim, output)).version
}

/** The code that an action is refused with. */
export async function refusalOf(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    (value) => value,
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  )
}

export { MemoryStore }
