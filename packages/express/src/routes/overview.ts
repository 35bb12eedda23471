import type { Operations } from '../operation.js'
import { ok } from '../operation.js'

export const overviewOperations: Pick<Operations, 'getOverview'> = {
  getOverview: {
    action: 'read',
    async serve({ engine }) {
      const { readAt, counts, endings, names, workers, isPartial } = await engine.overview()
      return ok({ at: readAt, processes: counts, throughput: endings, tasks: names, workers, isPartial })
    },
  },
}
