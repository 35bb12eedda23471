import { Command, Option } from 'commander'
import type { Query, TunaCornClient } from '@tunacorn/client'
import { UsageError } from '../failures.js'
import { note, printJson } from '../output.js'
import { tableLines } from '../table.js'
import { printable, shortTime } from '../wording.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { pagesOf, withPaging, type PagingFlags } from './paging.js'
import { examples } from './settings-options.js'
import { processId } from './values.js'

type TaskState = NonNullable<Query<'listProcessTasks'>['state']>

interface TasksFlags extends ConnectionFlags, PagingFlags {
  readonly name?: string
  readonly definition?: string
  readonly state?: TaskState
}

const states = ['pending', 'scheduled', 'claimed', 'completed', 'failed', 'cancelled'] satisfies TaskState[]

export function tasksCommand(): Command {
  const command = new Command('tasks')
    .summary('list tasks: the board, or all of a process')
    .description(
      'Lists the board: the tasks that wait for a worker or are held by one. With a process, all of its tasks, in the order of its definition.',
    )
    .argument('[process]', 'the id of a process', processId)
    .option('--name <name>', 'of the board, only tasks of this name')
    .option('--definition <name>', 'of the board, only tasks of processes of this definition')
    .addOption(
      new Option('--state <state>', 'only those in this state; on the board: scheduled, claimed').choices(
        states,
      ),
    )
    .addHelpText(
      'after',
      examples(
        ['the board', 'tunacorn tasks'],
        ['what is being worked on', 'tunacorn tasks --state claimed'],
        ['one process', 'tunacorn tasks 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'],
      ),
    )
    .action(tasks)
  return withConnection(withPaging(command))
}

async function tasks(process: string | undefined, flags: TasksFlags): Promise<void> {
  const fetch = fetcher(await connect(flags), process, flags)
  let isEmpty = true
  for await (const items of pagesOf(flags, fetch)) {
    if (flags.json !== undefined) for (const item of items) printJson(item)
    else if (items.length > 0) {
      const rows = items.map((task) => [
        task.id,
        task.state,
        task.attempt === undefined ? '' : `${task.attempt}/${task.maxAttempts ?? task.attempt}`,
        shortTime(task.endedAt ?? task.claimedAt ?? task.scheduledAt),
        printable(task.name),
        printable(task.worker ?? ''),
      ])
      const headings = ['ID', 'STATE', 'ATTEMPT', 'SINCE', 'NAME', 'WORKER']
      for (const line of tableLines(headings, rows).slice(isEmpty ? 0 : 1)) console.log(line)
    }
    isEmpty &&= items.length === 0
  }
  if (isEmpty) note(await whyNone(flags))
}

function fetcher(client: TunaCornClient, process: string | undefined, flags: TasksFlags) {
  const { name, definition, state } = flags
  if (process !== undefined) {
    if (name !== undefined || definition !== undefined)
      throw new UsageError(
        'Expected --name and --definition only for the board, but found a process as well.',
      )
    return (page: object) => client.listProcessTasks(process, { ...(state && { state }), ...page })
  }
  if (state !== undefined && state !== 'scheduled' && state !== 'claimed') {
    throw new UsageError(
      `Expected --state to be scheduled or claimed, since the board has no others, but found ${JSON.stringify(state)}. Name a process to see all of its tasks.`,
    )
  }
  return (page: object) =>
    client.listTasks({
      ...(name !== undefined && { name }),
      ...(definition !== undefined && { definition }),
      ...(state !== undefined && { state }),
      ...page,
    })
}

async function whyNone(flags: TasksFlags): Promise<string> {
  const { unknownDefinition, unknownTask } = await import('../nearest-names.js')
  const client = await connect(flags)
  const { name, definition } = flags
  return (
    (definition !== undefined ? await unknownDefinition(client, definition) : undefined) ??
    (name !== undefined ? await unknownTask(client, name) : undefined) ??
    'There is no such task.'
  )
}
