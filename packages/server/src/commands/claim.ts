import { hostname, userInfo } from 'node:os'
import { Command } from 'commander'
import { exitCodes, UsageError } from '../failures.js'
import { note, printJson } from '../output.js'
import { printable, shortTime } from '../wording.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { examples } from './settings-options.js'
import { duration, isTaskId, wholeNumber } from './values.js'

interface ClaimFlags extends ConnectionFlags {
  readonly worker?: string
  readonly lease: string
  readonly wait?: string
  readonly max: number
  readonly definition?: string
}

export function claimCommand(): Command {
  const command = new Command('claim')
    .summary('claim a task, to do it by hand')
    .description(
      'Claims the next task of these names, of any name when none is given, or the task of an id. Prints what is known of it, and its claim, with which it is reported: "tunacorn complete", "tunacorn fail". Until then, and until the lease runs out, nobody else gets it. Exit code 1 when there is none.',
    )
    .argument('[name...]', 'names of tasks, or the id of one')
    .option('--lease <duration>', 'how long it is kept', duration, '10m')
    .option('--wait <duration>', 'how long to wait for one to come, at most 1m', duration)
    .option('--max <number>', 'how many', wholeNumber(1, 250), 1)
    .option('--definition <name>', 'only of processes of this definition')
    .option('--worker <name>', 'who you are; user@host when absent')
    .addHelpText(
      'after',
      examples(
        ['the next one of a name', "tunacorn claim 'Review Credit'"],
        ['this one', 'tunacorn claim 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c.1 --lease 1h'],
      ),
    )
    .action(claim)
  return withConnection(command)
}

async function claim(names: readonly string[], flags: ClaimFlags): Promise<void> {
  const client = await connect(flags)
  const { worker = `${userInfo().username}@${hostname()}`, lease, wait, max, definition } = flags
  const [id, ...others] = names.filter(isTaskId)
  if (id !== undefined && (others.length > 0 || names.length > 1))
    throw new UsageError('Expected names of tasks, or the id of one, but found an id among others.')
  const tasks =
    id === undefined
      ? await client.claimTasks({
          worker,
          lease,
          max,
          ...(names.length > 0 && { names: [...new Set(names)] }),
          ...(wait !== undefined && { wait }),
          ...(definition !== undefined && { definition }),
        })
      : { tasks: [await client.claimTask(id, { worker, lease })] }
  for (const task of tasks.tasks) {
    if (flags.json !== undefined) printJson(task)
    else
      for (const line of [
        `task     ${task.id}`,
        `name     ${printable(task.name)}`,
        `claim    ${task.claim}`,
        `until    ${shortTime(task.leaseExpiresAt)}`,
        `process  ${task.process.id}, of ${printable(task.process.definition)}`,
        `known    ${printable(JSON.stringify(task.attributes ?? {}))}`,
      ])
        console.log(line)
    note(`When it is done: tunacorn complete ${task.id} --claim ${task.claim}`)
  }
  if (tasks.tasks.length > 0) return
  const { unknownTask } = await import('../nearest-names.js')
  const unknown = await Promise.all(names.map((name) => unknownTask(client, name)))
  note(unknown.find((warning) => warning !== undefined) ?? 'There is no such task to claim now.')
  process.exitCode = exitCodes.failure
}
