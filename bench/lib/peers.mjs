import { peer as bullmqPostgres } from '../peers/bullmq-postgres.mjs'
import { peer as bullmqRedis } from '../peers/bullmq-redis.mjs'
import { peer as dbos } from '../peers/dbos.mjs'
import { peer as graphileWorker } from '../peers/graphile-worker.mjs'
import { peer as openworkflow } from '../peers/openworkflow.mjs'
import { peer as pgBoss, peerWithLoop as pgBossWithLoop } from '../peers/pg-boss.mjs'
import { peer as pgbench } from '../peers/pgbench.mjs'
import { peer as restate } from '../peers/restate.mjs'
import { peer as embedded } from '../tunacorn/embedded.mjs'
import { peer as http, peerOnNode20 as httpOnNode20 } from '../tunacorn/http.mjs'
import { peer as library } from '../tunacorn/library.mjs'

/**
 * What is measured: a library in its own process, or TunaCorn in one of its shapes.
 *
 * A session has a method for each kind of workload that the peer can express (`flat`, `chain`, …); `cannot` says why
 * for the others. It may be asked for several, one after the other: each works with what is its own.
 *
 * @typedef {Record<string, (size: any) => Promise<object>> & { close(): Promise<void> }} Session
 *
 * @typedef {object} Services what a peer may use, empty and its own
 * @property {string} databaseUrl
 * @property {string | undefined} pgbench the command, where there is one
 * @property {string} directory for its files
 * @property {{ host: string, port: number }} redis
 * @property {{ ingress: string, admin: string }} restate
 *
 * @typedef {object} Peer
 * @property {string} id
 * @property {string} title
 * @property {readonly string[]} packages whose versions are written down
 * @property {readonly ('postgres' | 'redis' | 'restate')[]} needs
 * @property {number} [node] the major version it runs on, 24 when absent
 * @property {boolean} [isOurs]
 * @property {boolean} [isFloor] no peer, but what PostgreSQL itself can do
 * @property {boolean} [isHelped] by more than its own options: shown, but not what the goal is held against
 * @property {string} settings for people to read
 * @property {Readonly<Record<string, string>>} cannot workload → why not
 * @property {(services: Services) => Promise<Session>} open its packages are loaded here, not before: this table is read
 *   on any Node, and before anything is installed
 */

/**
 * In the order of the table.
 *
 * @type {readonly Peer[]}
 */
export const peers = [
  pgBoss,
  pgBossWithLoop,
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
