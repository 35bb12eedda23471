import { errorRegistry } from '@tunacorn/protocol'
import type { Operations } from '../operation.js'
import { noContent, ok } from '../operation.js'
import { presentEvent, presentOverview, presentProcess, presentTask } from '../present.js'
import { problemBody } from '../problem.js'

type ProcessOperations = Pick<
  Operations,
  | 'startProcess'
  | 'startProcesses'
  | 'listProcesses'
  | 'getProcess'
  | 'cancelProcess'
  | 'destroyProcess'
  | 'listProcessTasks'
  | 'getHistory'
>

export const processOperations: ProcessOperations = {
  startProcess: {
    action: 'start',
    async serve({ engine, body }) {
      const record = await engine.startProcess(body)
      return {
        status: 201,
        body: { ...presentProcess(record), input: record.input },
        location: `/processes/${record.id}`,
      }
    },
  },

  startProcesses: {
    action: 'start',
    async serve({ engine, body }) {
      const results = await engine.startProcesses(body.processes)
      const items = results.map(({ process, refusal }) =>
        refusal === undefined
          ? { status: 201, process: presentProcess(process) }
          : {
              status: errorRegistry[refusal.code].status,
              problem: problemBody(refusal.code, refusal.detail),
            },
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
    async serve({ engine, path }) {
      return ok(presentOverview(await engine.fetchProcess(path.id)))
    },
  },

  cancelProcess: {
    action: 'start',
    async serve({ engine, path, body }) {
      await engine.cancelProcess(path.id, body.reason)
      return ok(presentOverview(await engine.fetchProcess(path.id)))
    },
  },

  destroyProcess: {
    action: 'admin',
    async serve({ engine, path }) {
      await engine.destroyProcess(path.id)
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
    async serve({ engine, path, query }) {
      const { items, input, next } = await engine.history(path.id, query)
      return ok({ items: items.map((event) => presentEvent(path.id, event, input)), nextAfter: next })
    },
  },
}
