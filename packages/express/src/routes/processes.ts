import { errorRegistry } from '@tunacorn/protocol'
import type { Answer, Checked, Operations } from '../operation.js'
import { noContent, ok } from '../operation.js'
import { eventStream, eventStreamType } from '../event-stream.js'
import { presentEvent, presentOverview, presentProcess, presentTask } from '../present.js'
import { refusalProblem } from '../problem.js'
import { durationWithin, waitBounds } from '../durations.js'

type ProcessOperations = Pick<
  Operations,
  | 'startProcess'
  | 'startProcesses'
  | 'listProcesses'
  | 'getProcess'
  | 'cancelProcess'
  | 'pauseProcess'
  | 'resumeProcess'
  | 'retryProcess'
  | 'explainProcess'
  | 'destroyProcess'
  | 'listProcessTasks'
  | 'getHistory'
>

export const processOperations: ProcessOperations = {
  startProcess: {
    action: 'start',
    async serve({ engine, body, headers, logger }) {
      const { 'Idempotency-Key': idempotencyKey, traceparent } = headers
      const record = await engine.startProcess(body, { idempotencyKey, traceparent, logger })
      return {
        status: 201,
        body: { ...presentProcess(record), input: record.input },
        location: `/processes/${record.id}`,
      }
    },
  },

  startProcesses: {
    action: 'start',
    async serve({ engine, body, headers, logger }) {
      const { 'Idempotency-Key': idempotencyKey, traceparent } = headers
      const results = await engine.startProcesses(body.processes, { idempotencyKey, traceparent, logger })
      const items = results.map(({ process, refusal }) =>
        refusal === undefined
          ? { status: 201, process: presentProcess(process) }
          : { status: errorRegistry[refusal.code].status, problem: refusalProblem(refusal) },
      )
      return ok({ items })
    },
  },

  listProcesses: {
    action: 'read',
    async serve({ engine, query }) {
      const { items, next } = await engine.listProcesses(query)
      return ok({ items: items.map(presentProcess), nextCursor: next })
    },
  },

  getProcess: {
    action: 'read',
    async serve({ engine, waits, request, path, query, signal }) {
      const waitMs = durationWithin(waitBounds, 'query', 'wait', query.wait) ?? 0
      const hasPlace = waitMs > 0 && waits.enter(request, signal)
      const view = await engine.fetchEndedProcess(path.id, hasPlace ? waitMs : 0, signal)
      if (waitMs > 0 && !hasPlace && view.record.endedAt === undefined) throw waits.refusal()
      return ok(presentOverview(view))
    },
  },

  cancelProcess: {
    action: 'start',
    serve: (checked) => control(checked, 'cancelProcess'),
  },

  pauseProcess: {
    action: 'start',
    serve: (checked) => control(checked, 'pauseProcess'),
  },

  resumeProcess: {
    action: 'start',
    serve: (checked) => control(checked, 'resumeProcess'),
  },

  retryProcess: {
    action: 'start',
    serve: (checked) => control(checked, 'retryProcess'),
  },

  explainProcess: {
    action: 'read',
    async serve({ engine, path }) {
      return ok(await engine.explainProcess(path.id))
    },
  },

  destroyProcess: {
    action: 'admin',
    async serve({ engine, path, logger }) {
      await engine.destroyProcess(path.id, { logger })
      return noContent
    },
  },

  listProcessTasks: {
    action: 'read',
    async serve({ engine, path, query }) {
      const { items, next } = await engine.listProcessTasks(path.id, query)
      return ok({ items: items.map(presentTask), nextCursor: next })
    },
  },

  getHistory: {
    action: 'read',
    async serve({ engine, waits, path, query, headers, request, signal, refuseUnlessAllowed }) {
      if (request.accepts(['application/json', eventStreamType]) === eventStreamType) {
        const after = headers['Last-Event-ID'] ?? query.after
        const pages = await engine.followHistory(path.id, { after }, signal)
        // It tells a browser not to come back.
        if (pages === undefined) return noContent
        if (!waits.enter(request, signal)) throw waits.refusal()
        return eventStream(path.id, pages, refuseUnlessAllowed)
      }
      const { items, record, next } = await engine.history(path.id, query)
      return ok({ items: items.map((event) => presentEvent(path.id, event, record.input)), nextAfter: next })
    },
  },
}

/** Has the engine do it, then shows the process as it is now. */
async function control(
  { engine, path, body, logger }: Pick<Checked<'cancelProcess'>, 'engine' | 'path' | 'body' | 'logger'>,
  command: 'cancelProcess' | 'pauseProcess' | 'resumeProcess' | 'retryProcess',
): Promise<Answer> {
  await engine[command](path.id, body, { logger })
  return ok(presentOverview(await engine.fetchProcess(path.id)))
}
