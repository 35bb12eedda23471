import { Command, CommanderError } from 'commander'
import { devCommand } from './commands/dev.js'
import { keysCommand } from './commands/keys.js'
import { migrateCommand } from './commands/migrate.js'
import { serveCommand } from './commands/serve.js'
import { validateCommand } from './commands/validate.js'
import { errorCode, exitCodes, Failure } from './failures.js'
import { version } from './version.js'

/** In the order of the help. */
const commands = [devCommand, serveCommand, validateCommand, migrateCommand, keysCommand]

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

function program(): Command {
  const root = new Command('tunacorn')
    .description('TunaCorn, a flexible task orchestration engine')
    .version(version(), '--version', 'print the version')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', '\n"tunacorn dev" is the place to begin; "tunacorn help dev" says what it does.\n')
  for (const command of commands) root.addCommand(command())
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
function explain(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has printed it already, and throws also when it has only printed the help.
    return error.exitCode === 0 ? exitCodes.success : exitCodes.usage
  }
  if (error instanceof Failure) {
    console.error(`tunacorn: ${error.message}`)
    return error.exitCode
  }
  console.error('tunacorn: Something went wrong that should not have:', error)
  return exitCodes.failure
}
