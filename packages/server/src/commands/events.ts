import { Command } from 'commander'
import { printJson } from '../output.js'
import { shortTime } from '../wording.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { examples } from './settings-options.js'
import { processId, wholeNumber } from './values.js'

interface EventsFlags extends ConnectionFlags {
  readonly follow?: true
  readonly after: number
}

export function eventsCommand(): Command {
  const command = new Command('events')
    .summary('show what has happened in a process')
    .description(
      'Shows the history of a process, oldest first. With --follow also what happens from now on, until it has ended.',
    )
    .argument('<process>', 'its id', processId)
    .option('-f, --follow', 'go on until the process has ended')
    .option('--after <version>', 'only events after this version', wholeNumber(0, 2_147_483_647), 0)
    .addHelpText(
      'after',
      examples(
        ['all so far', 'tunacorn events 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'],
        ['as it happens, for programs', 'tunacorn events 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c -f --json'],
      ),
    )
    .action(events)
  return withConnection(command)
}

async function events(id: string, flags: EventsFlags): Promise<void> {
  const client = await connect(flags)
  const { readHistory } = await import('../processes/read-history.js')
  const { eventText } = await import('../processes/event-text.js')
  const { paintFor } = await import('../terminal.js')
  const { tellAway } = await import('../processes/watch-to-end.js')
  const paint = paintFor(process.stdout)
  const { after, follow } = flags
  // Who follows is waited for without end: so that there is such a process, and such a server, is asked first.
  if (follow !== undefined) await client.getProcess(id)
  const found =
    follow === undefined
      ? readHistory(client, id, after)
      : client.followHistory(id, { after, onAway: tellAway })
  for await (const event of found) {
    if (flags.json !== undefined) printJson(event)
    else {
      const place = paint.dim(`${String(event.version).padStart(4)}  ${shortTime(event.at)}`)
      console.log(`${place}  ${eventText(event, paint)}`)
    }
  }
}
