import { openapiDocument } from '@tunacorn/protocol'
import type { Operations } from '../operation.js'
import { ok } from '../operation.js'

export const healthOperations: Pick<Operations, 'livez' | 'readyz' | 'metrics' | 'openapi'> = {
  livez: { action: undefined, serve: () => ok({ status: 'ok' }) },

  readyz: {
    action: undefined,
    // It gives up sooner than others do.
    needsStore: false,
    async serve({ engine, whenReady }) {
      await engine.ping(whenReady())
      return ok({ status: 'ok' })
    },
  },

  metrics: {
    action: 'read',
    // It tells that the store is away.
    needsStore: false,
    async serve({ metrics }) {
      return {
        status: 200,
        text: (await metrics?.text()) ?? '',
        contentType: metrics?.contentType ?? 'text/plain',
      }
    },
  },

  openapi: { action: 'read', serve: () => ok(openapiDocument) },
}
