import { foundation } from './0001-foundation.js'
import { retriesAndTime } from './0002-retries-and-time.js'
import { endings } from './0003-endings.js'
import { pollsByDefinition } from './0004-polls-by-definition.js'
import { steadyPlans } from './0005-steady-plans.js'
import { workersSeen } from './0006-workers-seen.js'
import { apiKeys } from './0007-api-keys.js'
import { traces } from './0008-traces.js'

/** In the order they are applied; only ever appended to. The schema's version is their number. */
export const migrations: readonly { readonly name: string; readonly sql: (schema: string) => string }[] = [
  { name: 'foundation', sql: foundation },
  { name: 'retries and time', sql: retriesAndTime },
  { name: 'endings', sql: endings },
  { name: 'polls by definition', sql: pollsByDefinition },
  { name: 'steady plans', sql: steadyPlans },
  { name: 'workers seen', sql: workersSeen },
  { name: 'api keys', sql: apiKeys },
  { name: 'traces', sql: traces },
]
