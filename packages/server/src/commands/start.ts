import { Command } from 'commander'
import { isDefinitionFile, registerFile } from '../definition-argument.js'
import { UsageError } from '../failures.js'
import { readJsonArgument } from '../json-argument.js'
import { note, printJson } from '../output.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { examples } from './settings-options.js'
import { wholeNumber } from './values.js'

interface StartFlags extends ConnectionFlags {
  readonly input?: string
  readonly definitionVersion?: number
  readonly processKey?: string
  readonly priority?: number
  readonly idempotencyKey?: string
  readonly wait?: true
}

export function startCommand(): Command {
  const command = new Command('start')
    .summary('start a process')
    .description(
      'Starts a process and prints its id. What ends in .yaml, .yml or .json is a file, and - is standard input: its definition is registered first. Anything else is the name of a definition that is registered. With --wait, what happens is told on standard error, and the exit code says how it ended.',
    )
    .argument('<definition>', 'a file, or the name of a definition')
    .option('--input <json>', 'what it is started with: JSON, or @file (@- for standard input)')
    .option('--wait', 'wait until it has ended: exit code 0 when it is completed, 1 when not')
    .option('--definition-version <number>', 'not the default version', wholeNumber(1, 2_147_483_647))
    .option('--process-key <key>', 'a name of your own, unique among the live processes of the definition')
    .option('--priority <number>', 'of its tasks, 0 to 9, higher first', wholeNumber(0, 9))
    .option('--idempotency-key <key>', 'started once for this key, however often this is called')
    .addHelpText(
      'after',
      examples(
        [
          'a definition that is registered, and how it goes',
          `tunacorn start loan-application --input '{"applicant": "Ada"}' --wait`,
        ],
        ['a file', 'tunacorn start loan-application.yaml --input @application.json'],
        ['what came of it', 'tunacorn show $(tunacorn start loan-application)'],
      ),
    )
    .action(start)
  return withConnection(command)
}

async function start(definition: string, flags: StartFlags): Promise<void> {
  const isFile = isDefinitionFile(definition)
  if (isFile && flags.definitionVersion !== undefined)
    throw new UsageError(
      'Expected --definition-version only with the name of a definition, but found a file.',
    )
  if (definition === '-' && flags.input === '@-')
    throw new UsageError(
      'Expected standard input to be one thing, but it is both the definition and --input.',
    )
  const client = await connect(flags)
  const input = flags.input === undefined ? undefined : await readJsonArgument('--input', flags.input)
  const registered = isFile ? await registerFile(client, definition) : undefined
  const name = registered?.name ?? definition
  const version = registered?.version ?? flags.definitionVersion
  const { processKey, priority, idempotencyKey } = flags
  const { suggestingDefinitions } = await import('../nearest-names.js')
  const process = await suggestingDefinitions(client, name, () =>
    client.startProcess(
      {
        definition: name,
        ...(version !== undefined && { version }),
        ...(input !== undefined && { input }),
        ...(processKey !== undefined && { key: processKey }),
        ...(priority !== undefined && { priority }),
      },
      idempotencyKey === undefined ? {} : { idempotencyKey },
    ),
  )
  if (flags.json === undefined) console.log(process.id)
  else if (flags.wait === undefined) printJson(process)
  note(`Started ${process.definition}, version ${process.definitionVersion}.`)
  if (flags.wait === undefined) return
  const { watchToEnd } = await import('../processes/watch-to-end.js')
  const ended = await watchToEnd(client, process)
  if (flags.json !== undefined) printJson(ended)
}
