import { openapiDocument } from '@tunacorn/protocol'
import type { Operations } from '../operation.js'
import { ok } from '../operation.js'

export const healthOperations: Pick<Operations, 'livez' | 'readyz' | 'openapi'> = {
  livez: { action: undefined, serve: () => ok({ status: 'ok' }) },

  readyz: {
    action: undefined,
    async serve({ engine }) {
      await engine.ping()
      return ok({ status: 'ok' })
    },
  },

  openapi: { action: 'read', serve: () => ok(openapiDocument) },
}
