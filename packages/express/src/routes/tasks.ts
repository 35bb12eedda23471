import type { ClaimedTask, Engine } from '@tunacorn/core'
import { formatDuration, parseDuration } from '@tunacorn/protocol'
import type { Operations } from '../operation.js'
import { noContent, ok } from '../operation.js'
import { presentReport, presentTask } from '../present.js'
import { RequestError } from '../request-error.js'

type TaskOperations = Pick<
  Operations,
  | 'listTasks'
  | 'claimTasks'
  | 'heartbeatTasks'
  | 'getTask'
  | 'getTaskAttributes'
  | 'claimTask'
  | 'completeTask'
  | 'failTask'
  | 'heartbeatTask'
  | 'releaseTask'
>

const leaseBounds = { leastMs: 100, mostMs: 86_400_000 }
const waitBounds = { leastMs: 0, mostMs: 60_000 }

export const taskOperations: TaskOperations = {
  listTasks: {
    action: 'read',
    async serve({ engine, query }) {
      const { items, next } = await engine.listTasks(query)
      return ok({ items: items.map(presentTask), nextCursor: next })
    },
  },

  claimTasks: {
    action: 'work',
    async serve({ engine, body, signal }) {
      const { wait, lease, ...request } = body
      const waitMs = within(waitBounds, '/wait', wait)
      const { tasks, results } = await engine.claimTasks({
        ...request,
        waitMs,
        leaseMs: leaseMs(lease),
        signal,
      })
      await giveBackIfGone(engine, tasks, signal)
      return ok({ tasks, results: body.results === undefined ? undefined : results.map(presentReport) })
    },
  },

  heartbeatTasks: {
    action: 'work',
    async serve({ engine, body }) {
      const leases = await engine.heartbeat(body.tasks, leaseMs(body.lease))
      const tasks = body.tasks.map(({ task }, index) => {
        const leaseExpiresAt = leases[index]
        return leaseExpiresAt === undefined
          ? { task, status: 409, code: 'claim-lost' }
          : { task, status: 200, leaseExpiresAt }
      })
      return ok({ tasks })
    },
  },

  getTask: {
    action: 'read',
    async serve({ engine, path }) {
      return ok(presentTask(await engine.fetchTask(path.id)))
    },
  },

  getTaskAttributes: {
    action: 'read',
    async serve({ engine, path }) {
      return ok(await engine.fetchAttributes(path.id))
    },
  },

  claimTask: {
    action: 'work',
    async serve({ engine, path, body, signal }) {
      const { worker, lease, attributes } = body
      const task = await engine.claimTask(path.id, { worker, leaseMs: leaseMs(lease), attributes })
      await giveBackIfGone(engine, [task], signal)
      return ok(task)
    },
  },

  completeTask: {
    action: 'work',
    async serve({ engine, path, body }) {
      const version = await engine.completeTask(path.id, body.claim, body.output)
      return ok({ id: path.id, state: 'completed', version })
    },
  },

  failTask: {
    action: 'work',
    async serve({ engine, path, body }) {
      const version = await engine.failTask(path.id, body.claim, body.error)
      return ok({ id: path.id, state: 'failed', version })
    },
  },

  heartbeatTask: {
    action: 'work',
    async serve({ engine, path, body }) {
      const leaseExpiresAt = await engine.heartbeatTask(path.id, body.claim, leaseMs(body.lease))
      return ok({ id: path.id, leaseExpiresAt })
    },
  },

  releaseTask: {
    action: 'work',
    async serve({ engine, path, body }) {
      await engine.releaseTask(path.id, body.claim)
      return noContent
    },
  },
}

/** The client has gone while its tasks were put together: nobody would work on them until their leases run out. */
async function giveBackIfGone(
  engine: Engine,
  tasks: readonly ClaimedTask[],
  signal: AbortSignal,
): Promise<void> {
  if (!signal.aborted) return
  await Promise.all(tasks.map(({ id, claim }) => engine.releaseTask(id, claim)))
}

function leaseMs(lease: string | undefined): number | undefined {
  return within(leaseBounds, '/lease', lease)
}

/** Milliseconds of a duration whose form the schema has checked; that it is not too short or long is checked here. */
function within(
  { leastMs, mostMs }: { readonly leastMs: number; readonly mostMs: number },
  pointer: string,
  duration: string | undefined,
): number | undefined {
  if (duration === undefined) return undefined
  const ms = parseDuration(duration)
  if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms
  const message = `must be from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`
  throw new RequestError([{ in: 'body', pointer, message }])
}
