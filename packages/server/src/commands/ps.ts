import { Command, Option } from 'commander'
import type { Query } from '@tunacorn/client'
import { note, printJson } from '../output.js'
import { tableLines } from '../table.js'
import { printable, shortTime } from '../wording.js'
import { completedOf } from '../processes/outcome.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { pagesOf, withPaging, type PagingFlags } from './paging.js'
import { examples } from './settings-options.js'

interface PsFlags extends ConnectionFlags, PagingFlags {
  readonly state?: NonNullable<Query<'listProcesses'>['state']>
  readonly definition?: string
  readonly processKey?: string
}

const states = ['running', 'paused', 'completed', 'failed', 'cancelled'] satisfies PsFlags['state'][]

export function psCommand(): Command {
  const command = new Command('ps')
    .summary('list processes')
    .description('Lists processes, newest first.')
    .addOption(new Option('--state <state>', 'only those in this state').choices(states))
    .option('--definition <name>', 'only those of this definition')
    .option('--process-key <key>', 'only those with this key')
    .addHelpText(
      'after',
      examples(
        ['the last ones', 'tunacorn ps'],
        ['what has failed', 'tunacorn ps --state failed --definition loan-application'],
        ['for programs', 'tunacorn ps --all --json | jq -r .id'],
      ),
    )
    .action(ps)
  return withConnection(withPaging(command))
}

async function ps(flags: PsFlags): Promise<void> {
  const client = await connect(flags)
  const { state, definition, processKey: key } = flags
  const filters = { ...(state && { state }), ...(definition && { definition }), ...(key && { key }) }
  let isEmpty = true
  for await (const items of pagesOf(flags, (page) => client.listProcesses({ ...filters, ...page }))) {
    if (flags.json !== undefined) for (const item of items) printJson(item)
    else if (items.length > 0) {
      const rows = items.map((process) => [
        process.id,
        process.state,
        `${completedOf(process.progress)}/${process.progress.total}`,
        shortTime(process.startedAt),
        printable(process.definition),
        printable(process.key ?? ''),
      ])
      // The headings once, on whichever page comes first.
      const headings = ['ID', 'STATE', 'TASKS', 'STARTED', 'DEFINITION', 'KEY']
      for (const line of tableLines(headings, rows).slice(isEmpty ? 0 : 1)) console.log(line)
    }
    isEmpty &&= items.length === 0
  }
  if (!isEmpty) return
  const { unknownDefinition } = await import('../nearest-names.js')
  const unknown = definition === undefined ? undefined : await unknownDefinition(client, definition)
  note(unknown ?? 'There is no such process.')
}
