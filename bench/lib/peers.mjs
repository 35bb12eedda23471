import { peer as bullmqPostgres } from '../peers/bullmq-postgres.mjs'
import { peer as bullmqRedis } from '../peers/bullmq-redis.mjs'
import { peer as dbos } from '../peers/dbos.mjs'
import { peer as graphileWorker } from '../peers/graphile-worker.mjs'
import { peer as openworkflow } from '../peers/openworkflow.mjs'
import { peer as pgBoss } from '../peers/pg-boss.mjs'
import { peer as pgbench } from '../peers/pgbench.mjs'
import { peer as restate } from '../peers/restate.mjs'
import { peer as embedded } from '../tunacorn/embedded.mjs'
import { peer as http, peerOnNode20 as httpOnNode20 } from '../tunacorn/http.mjs'
import { peer as library } from '../tunacorn/library.mjs'

/**
 * In the order of the table.
 *
 * @type {readonly import('./peer.mjs').Peer[]}
 */
export const peers = [
  pgBoss,
  graphileWorker,
  bullmqRedis,
  bullmqPostgres,
  dbos,
  openworkflow,
  restate,
  pgbench,
  http,
  httpOnNode20,
  library,
  embedded,
]
