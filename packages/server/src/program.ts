import { Command, CommanderError } from 'commander'
import { cancelCommand } from './commands/cancel.js'
import { claimCommand } from './commands/claim.js'
import { completeCommand } from './commands/complete.js'
import { devCommand } from './commands/dev.js'
import { doctorCommand } from './commands/doctor.js'
import { eventsCommand } from './commands/events.js'
import { failCommand } from './commands/fail.js'
import { graphCommand } from './commands/graph.js'
import { keysCommand } from './commands/keys.js'
import { migrateCommand } from './commands/migrate.js'
import { pauseCommand } from './commands/pause.js'
import { psCommand } from './commands/ps.js'
import { resumeCommand } from './commands/resume.js'
import { retryCommand } from './commands/retry.js'
import { serveCommand } from './commands/serve.js'
import { showCommand } from './commands/show.js'
import { startCommand } from './commands/start.js'
import { tasksCommand } from './commands/tasks.js'
import { validateCommand } from './commands/validate.js'
import { workerCommand } from './commands/worker.js'
import { errorCode, exitCodes, Failure } from './failures.js'
import { version } from './version.js'

/** In the order of the help. */
const groups = {
  'Servers:': [devCommand, serveCommand, migrateCommand, keysCommand, doctorCommand],
  'Definitions:': [validateCommand, graphCommand],
  'Processes:': [
    startCommand,
    psCommand,
    showCommand,
    eventsCommand,
    cancelCommand,
    pauseCommand,
    resumeCommand,
    retryCommand,
  ],
  'Tasks:': [workerCommand, tasksCommand, claimCommand, completeCommand, failCommand],
}

/** Runs the command that these arguments ask for; resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  // Who reads has seen enough, like `head`: that is no error of ours.
  process.stdout.on('error', (error) => {
    if (errorCode(error) === 'EPIPE') process.exit(exitCodes.success)
    throw error
  })
  try {
    await program().parseAsync(argv, { from: 'user' })
    return Number(process.exitCode ?? exitCodes.success)
  } catch (error) {
    return explain(error)
  }
}

/** The whole command, for `main` to run and for tests to hold docs/cli.md against. */
export function program(): Command {
  const root = new Command('tunacorn')
    .description('TunaCorn, a flexible task orchestration engine')
    .version(version(), '--version', 'print the version')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', '\n"tunacorn dev" is the place to begin; "tunacorn help dev" says what it does.\n')
    // What stands behind the command of "tunacorn worker" is that program's own.
    .enablePositionalOptions()
  for (const [heading, commands] of Object.entries(groups))
    for (const command of commands) root.addCommand(command().helpGroup(heading))
  for (const each of withSubcommands(root)) {
    each
      .exitOverride()
      .helpOption('-h, --help', 'print this help')
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tunacorn: ')) })
      .showHelpAfterError(`("${nameOf(each)} --help" says what there is)`)
  }
  return root
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)]
}

/** `tunacorn keys create` */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
}

/** One line for what can go wrong; the whole story, with its stack, for what should not have. */
async function explain(error: unknown): Promise<number> {
  if (error instanceof CommanderError) {
    // Commander has printed it already, and throws also when it has only printed the help.
    return error.exitCode === 0 ? exitCodes.success : exitCodes.usage
  }
  const failure = error instanceof Failure ? error : await failureOfAnswer(error)
  if (failure !== undefined) {
    console.error(`tunacorn: ${failure.message}`)
    return failure.exitCode
  }
  console.error('tunacorn: Something went wrong that should not have:', error)
  return exitCodes.failure
}

/** Of what a server has answered, or that it has not. Loaded only now: most commands end well. */
async function failureOfAnswer(error: unknown): Promise<Failure | undefined> {
  const { failureOf } = await import('./server-answers.js')
  return failureOf(error)
}
