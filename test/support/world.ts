import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { freshDatabase, postgresUrl } from '../../packages/postgres/test/support/databases.js'
import { definitionText, type Graph } from './graph.js'
import { register, startProcess } from './run-process.js'
import { TunaCornServer, type ServerDatabase } from './tunacorn-server.js'
import { WorkerProcesses, type WorkerOptions } from './worker-processes.js'

export const databaseKinds = [
  { kind: 'embedded', title: 'the embedded database', isThere: true },
  { kind: 'postgres', title: 'a real PostgreSQL', isThere: postgresUrl() !== undefined },
] as const

export type DatabaseKind = (typeof databaseKinds)[number]['kind']

/** An empty database, gone after the test. */
export async function emptyDatabase(kind: DatabaseKind): Promise<ServerDatabase> {
  const { database, drop } = await newDatabase(kind)
  onTestFinished(drop)
  return database
}

/** An empty database, for who shares it among tests. */
export async function newDatabase(
  kind: DatabaseKind,
): Promise<{ readonly database: ServerDatabase; readonly drop: () => Promise<void> }> {
  if (kind === 'embedded') {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'tunacorn-test-'))
    return {
      database: { kind, dataDirectory },
      drop: () => rm(dataDirectory, { recursive: true, force: true }),
    }
  }
  const { url, drop } = await freshDatabase(postgresUrl() ?? '')
  return { database: { kind, url }, drop }
}

/** A server that ends with the test. */
export async function runningServer(
  database: ServerDatabase,
  environment: NodeJS.ProcessEnv = {},
): Promise<TunaCornServer> {
  const server = await TunaCornServer.start(database, environment)
  onTestFinished(() => server.kill())
  return server
}

/** Workers that end with the test. */
export function workerProcesses(options: WorkerOptions): WorkerProcesses {
  const workers = new WorkerProcesses(options)
  onTestFinished(() => workers.kill())
  return workers
}

/** Registers each graph and starts a process of it; what is lost with a lease is handed out again. */
export async function startAll(
  url: string,
  graphs: readonly Graph[],
): Promise<{ readonly graph: Graph; readonly processId: string }[]> {
  return Promise.all(
    graphs.map(async (graph) => {
      await register(url, definitionText(graph, { retry: 20 }), 'application/json')
      const { id } = await startProcess(url, graph.name)
      return { graph, processId: id }
    }),
  )
}
