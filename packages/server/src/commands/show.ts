import { Command } from 'commander'
import { UsageError } from '../failures.js'
import { printJson } from '../output.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { examples } from './settings-options.js'
import { isTaskId, processOrTaskId } from './values.js'

interface ShowFlags extends ConnectionFlags {
  readonly watch?: true
}

export function showCommand(): Command {
  const command = new Command('show')
    .summary('show a process or a task, and why it is not done')
    .description(
      'Shows a process: how far it is, each of its tasks, and of those that are open why they are. Or one task. With --watch it is shown anew whenever it has changed, until the process has ended; the exit code says how.',
    )
    .argument('<id>', 'of a process, or of a task', processOrTaskId)
    .option('--watch', 'until it has ended: exit code 0 when it is completed, 1 when not')
    .addHelpText(
      'after',
      examples(
        ['a process', 'tunacorn show 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'],
        ['while it goes on', 'tunacorn show 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c --watch'],
        ['a task', 'tunacorn show 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c.1'],
      ),
    )
    .action(show)
  return withConnection(command)
}

async function show(id: string, flags: ShowFlags): Promise<void> {
  const client = await connect(flags)
  if (isTaskId(id)) {
    if (flags.watch !== undefined)
      throw new UsageError('Expected --watch only for a process, but found a task.')
    const task = await client.getTask(id)
    const { taskText } = await import('../processes/task-text.js')
    return flags.json === undefined ? console.log(taskText(task)) : printJson(task)
  }
  const { readProcess, watchProcess } = await import('../processes/process-view.js')
  if (flags.watch !== undefined) return watchProcess(client, id, flags.json !== undefined)
  const { process, text } = await readProcess(client, id)
  return flags.json === undefined ? console.log(text) : printJson(process)
}
