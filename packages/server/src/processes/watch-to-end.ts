import type { TunaCornClient } from '@tunacorn/client'
import type { Process } from '@tunacorn/protocol'
import { note } from '../output.js'
import { exitCodeOfOutcome, outcomeText } from './outcome.js'
import { ProgressView } from './progress-view.js'

/** The process goes on elsewhere, or when the server is back. */
export function tellAway(): void {
  note('The server does not answer. Waiting for it: Ctrl-C ends that, and nothing else.')
}

/** Tells on standard error how a process goes, until it has ended; the exit code is set by how. */
export async function watchToEnd(client: TunaCornClient, { id, progress }: Process): Promise<Process> {
  const view = new ProgressView(process.stderr, progress.total)
  const giveUp = () => {
    view.end()
    note(`The process goes on: "tunacorn show ${id}" says how.`)
    process.exit(130)
  }
  process.once('SIGINT', giveUp)
  try {
    for await (const event of client.followHistory(id, { onAway: tellAway })) view.tell(event)
  } finally {
    view.end()
    process.off('SIGINT', giveUp)
  }
  const ended = await client.getProcess(id)
  note(outcomeText(ended))
  process.exitCode = exitCodeOfOutcome(ended)
  return ended
}
