import { durationWithin, leaseBounds, retryBounds, waitBounds } from '../durations.js'
import type { Operations } from '../operation.js'
import { noContent, ok, printed } from '../operation.js'
import { presentReport, presentTask } from '../present.js'
import { printClaim, printClaimed } from '../print-claimed.js'

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
    async serve({ engine, waits, request: asked, body, signal, logger }) {
      const { wait, lease, results: sent, ...request } = body
      const waitMs = durationWithin(waitBounds, 'body', '/wait', wait) ?? 0
      // Who brings results is answered at once. Without a place, what is there is still handed out.
      const wantsPlace = waitMs > 0 && (sent ?? []).length === 0
      const hasPlace = wantsPlace && waits.enter(asked, signal)
      const { tasks, results } = await engine.claimTasks({
        ...request,
        results: sent?.map(({ retryIn, ...result }, index) => ({
          ...result,
          retry: retryOf(result.retry, retryIn, `/results/${index}/retryIn`),
        })),
        waitMs: hasPlace ? waitMs : 0,
        leaseMs: leaseMs(lease),
        signal,
        logger,
      })
      if (wantsPlace && !hasPlace && tasks.length === 0) throw waits.refusal()
      return printed(printClaim(tasks, sent && results.map(presentReport)))
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
    async serve({ engine, path, body, signal, logger }) {
      const { worker, lease, attributes } = body
      const request = { worker, leaseMs: leaseMs(lease), attributes, signal, logger }
      return printed(printClaimed(await engine.claimTask(path.id, request)))
    },
  },

  completeTask: {
    action: 'work',
    async serve({ engine, path, body, headers: { traceparent }, logger }) {
      const call = { traceparent, logger }
      const { state, version } = await engine.completeTask(path.id, body.claim, body.output, call)
      return ok({ id: path.id, state, version })
    },
  },

  failTask: {
    action: 'work',
    async serve({ engine, path, body, headers: { traceparent }, logger }) {
      const retry = retryOf(body.retry, body.retryIn, '/retryIn')
      const call = { traceparent, logger }
      const { state, version } = await engine.failTask(path.id, body.claim, body.error, retry, call)
      return ok({ id: path.id, state, version })
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
    async serve({ engine, path, body, logger }) {
      await engine.releaseTask(path.id, body.claim, { logger })
      return noContent
    },
  },
}

/** `false` when no attempt will do better, or milliseconds until the next one. */
function retryOf(
  retry: false | undefined,
  retryIn: string | undefined,
  pointer: string,
): false | number | undefined {
  return retry ?? durationWithin(retryBounds, 'body', pointer, retryIn)
}

function leaseMs(lease: string | undefined): number | undefined {
  return durationWithin(leaseBounds, 'body', '/lease', lease)
}
