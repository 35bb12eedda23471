import type { ProcessList } from '../lists/process-list.js'
import type { Rejection } from '../process/decision.js'
import type { KnownDefinition } from './known-definitions.js'
import type { Outcome, StartPlan } from './work.js'

/** What is wrong with the input of a start, by the schema of its definition. */
export function checkInput(
  { checkInput: check }: KnownDefinition,
  { input }: StartPlan,
): Rejection | undefined {
  const problems = check?.(input?.text ?? 'null') ?? []
  const [first] = problems
  if (first === undefined) return undefined
  const where = first.pointer === '' ? '' : ` at ${first.pointer}`
  return {
    code: 'input-invalid',
    detail: `The input is not as the definition wants it${where}: ${first.message}`,
    problems,
  }
}

/**
 * A start that was not committed may have been done before: the same request sent again gets the process that it
 * started then, as it was then. Or its own key is taken by a live process.
 */
export async function findStarted(start: StartPlan, processList: ProcessList): Promise<Outcome | undefined> {
  const { once, key, definition } = start
  const before = once === undefined ? undefined : await processList.findOnce(once.key)
  if (before !== undefined) {
    if (before.requestHash !== once?.requestHash) return rejected(anotherRequest())
    return startedBefore(before.id, processList)
  }
  return key === undefined ? undefined : findKeyTaken(definition, key, processList)
}

/** Why a process of this definition cannot have this key now; nothing when it can. */
export async function findKeyTaken(
  definition: string,
  key: string,
  processList: ProcessList,
): Promise<Outcome | undefined> {
  const taken = await processList.findByKey(definition, key)
  return taken === undefined ? undefined : rejected(keyTaken(definition, key, taken))
}

async function startedBefore(id: string, processList: ProcessList): Promise<Outcome | undefined> {
  const [fetched] = await processList.fetch([{ id, afterVersion: Number.MAX_SAFE_INTEGER }])
  if (fetched === undefined) return undefined
  const asStarted = { state: 'running', version: 1, completed: 0, failed: 0 } as const
  const record = { ...fetched.record, ...asStarted, endedAt: undefined, failureProcess: undefined }
  return { status: 'done', version: 1, record }
}

function rejected(rejection: Rejection): Outcome {
  return { status: 'rejected', rejection }
}

function anotherRequest(): Rejection {
  return {
    code: 'idempotency-key-reused',
    detail: 'This Idempotency-Key came with another request before. Use a new key for a new request.',
  }
}

function keyTaken(definition: string, key: string, processId: string): Rejection {
  const detail = `Process ${processId} of ${JSON.stringify(definition)} has the key ${JSON.stringify(key)} and has not ended.`
  return { code: 'key-taken', detail, processId }
}

export const startInFlight: Rejection = {
  code: 'start-in-flight',
  detail: 'Another start with the same key has not been committed yet. Send this one again later.',
}

export function noDefinition({ definition, version }: StartPlan): Rejection {
  const which = version === undefined ? '' : ` with a version ${version}`
  return {
    code: 'definition-not-found',
    detail: `There is no definition ${JSON.stringify(definition)}${which}. Register it first.`,
  }
}
