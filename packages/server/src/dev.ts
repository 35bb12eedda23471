import type { ServeConfig } from './config.js'
import { registerFolder, type RegisteredFolder } from './dev/definitions-folder.js'
import { DevOutput } from './dev/dev-output.js'
import { demoDefinition, runLoanDemo } from './dev/loan-demo.js'
import { nextSteps } from './dev/next-steps.js'
import { paintFor } from './terminal.js'
import { messageOf } from './failures.js'
import { createLogger } from './logger.js'
import { serve, type RunningServer } from './serve.js'
import { runUntilStopped } from './stop-signals.js'
import { version } from './version.js'
import { countOf } from './wording.js'

interface DevServer extends RunningServer {
  readonly hasDemo: boolean
}

interface DevOptions {
  readonly config: ServeConfig
  readonly folder: string | undefined
  readonly output: DevOutput
}

/**
 * What `tunacorn dev` does: it serves with the definitions of a folder (none when absent), shows a process from start
 * to end, and serves on until it is stopped.
 */
export async function dev(config: ServeConfig, folder: string | undefined): Promise<void> {
  const output = new DevOutput((line) => console.log(line), paintFor(process.stdout))
  const options = { config, folder, output }
  output.greeting(version())
  await runUntilStopped({
    start: () => start(options),
    during: (server, stopping) => show(server, options, stopping),
    onStopping: () => output.stopping(),
    onOverdue: (limitMs) => output.overdue(limitMs),
  })
  output.stopped()
}

async function start({ config, folder, output }: DevOptions): Promise<DevServer> {
  const logger = createLogger(config.logLevel, process.stderr)
  const server = await serve({ ...config, logger, onProgress: (message) => output.progress(message) })
  try {
    output.listening(server.url, config.database, await countProcesses(server.engine))
    const registered = folder === undefined ? undefined : await registerFolder(server.engine, folder)
    output.definitions(registered)
    return { ...server, hasDemo: hasDemo(registered) }
  } catch (error) {
    await server.close()
    throw error
  }
}

async function show(server: DevServer, { config, output }: DevOptions, stopping: AbortSignal): Promise<void> {
  try {
    if (server.asksForKeys) output.needsKeys()
    else if (server.hasDemo) {
      output.demo()
      const process = await runLoanDemo(server.url, output, stopping)
      if (stopping.aborted) return
      output.nextSteps(nextSteps(server.url, process))
    } else output.noDemo(demoDefinition)
  } catch (error) {
    if (stopping.aborted) return
    output.demoFailed(messageOf(error))
  }
  if (config.dashboard !== 'off') output.dashboard(server.url)
  output.howToStop(config.database)
}

function hasDemo(registered: RegisteredFolder | undefined): boolean {
  return registered?.definitions.some(({ name }) => name === demoDefinition) ?? false
}

const mostCounted = 1_000

async function countProcesses(engine: RunningServer['engine']): Promise<string> {
  const { items, next } = await engine.listProcesses({ limit: mostCounted })
  if (next !== undefined) return `over ${mostCounted} processes`
  return items.length === 0 ? 'no processes' : countOf(items.length, 'process', 'processes')
}
