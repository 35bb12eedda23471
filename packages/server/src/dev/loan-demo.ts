import { setTimeout as sleep } from 'node:timers/promises'
import { TunaCornClient, Worker, type Handler, type WorkerClient } from '@tunacorn/client'
import type { Teller } from './dev-output.js'
import { ProcessStory } from './process-story.js'
import { sampleHandler, sampleHandlers, sampleInput } from './sample-handlers.js'

/** The definition that the demo runs; examples/loan-application.yaml. */
export const demoDefinition = 'loan-application'

const lookMs = 40

/**
 * Starts one loan application and has a worker of its own finish it, all over HTTP, telling what happens. When
 * `stopping` is aborted, it gives back what it works on, and the process waits for another worker.
 *
 * @returns the id of the process
 */
export async function runLoanDemo(url: string, tell: Teller, stopping: AbortSignal): Promise<string> {
  const client = new TunaCornClient({ url })
  const { tasks } = await client.getDefinition(demoDefinition)
  const { id } = await client.startProcess({ definition: demoDefinition, input: sampleInput })
  const story = new ProcessStory(client, id, tell, Math.max(...tasks.map(({ name }) => name.length)))
  const worker = new Worker({
    client: onlyFor(id, client),
    name: 'sample-worker',
    handlers: Object.fromEntries(
      Object.entries(sampleHandlers).map(([name, handler]) => [name, told(story, handler)]),
    ),
    handler: told(story, sampleHandler),
  })
  worker.start()
  try {
    while (!stopping.aborted && !(await story.hasEnded())) await sleep(lookMs)
  } finally {
    await worker.stop({ graceMs: 0 })
  }
  return id
}

/** A worker's client that claims nothing but this process: others, from before, are left to whoever they wait for. */
function onlyFor(process: string, client: TunaCornClient): WorkerClient {
  return {
    claimTasks: (request, options) => client.claimTasks({ ...request, process }, options),
    heartbeatTasks: (request, options) => client.heartbeatTasks(request, options),
    releaseTask: (id, request, options) => client.releaseTask(id, request, options),
  }
}

function told(story: ProcessStory, handler: Handler): Handler {
  return async (task, context) => {
    await story.started(task.name, context.signal)
    return handler(task, context)
  }
}
