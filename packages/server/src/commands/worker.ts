import { Command } from 'commander'
import { readLogLevelOf, type Flags } from '../config.js'
import { UsageError } from '../failures.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { examples, withSettings } from './settings-options.js'
import { duration, processId, several, wholeNumber } from './values.js'

interface WorkerFlags extends ConnectionFlags, Pick<Flags, 'logLevel'> {
  readonly task?: readonly string[]
  readonly anyTask?: true
  readonly definition?: string
  readonly process?: string
  readonly name?: string
  readonly concurrency: number
  readonly lease: string
  readonly grace: string
}

export function workerCommand(): Command {
  const command = new Command('worker')
    .summary('let a program do tasks')
    .description(
      `Claims tasks and runs a program for each. It finds the task as JSON on its standard input, and in TUNACORN_TASK_ID, TUNACORN_TASK_NAME, TUNACORN_ATTEMPT, TUNACORN_PROCESS_ID and TUNACORN_DEFINITION. What it prints, as JSON, is the task's output; nothing is no output. Any other exit code than 0 fails the attempt, with the end of what it said on standard error. While it runs its claim is kept; when that is lost, it gets SIGTERM, and ten seconds later SIGKILL. Ctrl-C and SIGTERM let it finish.`,
    )
    .argument('<program...>', 'the program and its arguments, best behind --')
    .option('--task <name>', 'a name of tasks to do; may come several times', several)
    .option('--any-task', 'tasks of all names')
    .option('--definition <name>', 'only tasks of processes of this definition')
    .option('--process <id>', 'only tasks of this process', processId)
    .option('--concurrency <number>', 'how many at a time', wholeNumber(1, 1_000), 1)
    .option('--name <name>', 'who works, for people to read; made up when absent')
    .option('--lease <duration>', 'how long a task is kept should this machine go silent', duration, '30s')
    .option('--grace <duration>', 'how long programs may still run when it is stopped', duration, '1m')
    .passThroughOptions()
    .addHelpText(
      'after',
      examples(
        ['a script', "tunacorn worker --task 'Review Credit' -- ./review.sh --strict"],
        [
          'in a line',
          `tunacorn worker --task 'Send Email' -- sh -c 'jq -c "{sentTo: .attributes.applicant}"'`,
        ],
        [
          'four at a time, of two names',
          'tunacorn worker --task Resize --task Crop --concurrency 4 -- ./image.py',
        ],
      ),
    )
    .action(work)
  return withSettings(withConnection(command), ['logLevel'], { logLevel: 'warn' })
}

async function work(program: readonly [string, ...string[]], flags: WorkerFlags): Promise<void> {
  const { task: names = [], anyTask } = flags
  if (names.length > 0 === (anyTask !== undefined))
    throw new UsageError('Expected either --task, once for each name of tasks to do, or --any-task.')
  const { runWorker } = await import('../worker/run-worker.js')
  await runWorker({
    client: await connect(flags),
    program,
    names: anyTask === undefined ? [...new Set(names)] : undefined,
    definition: flags.definition,
    process: flags.process,
    name: flags.name,
    concurrency: flags.concurrency,
    lease: flags.lease,
    grace: flags.grace,
    logLevel: readLogLevelOf(flags),
    asJson: flags.json !== undefined,
  })
}
