import { Command } from 'commander'
import { readJsonArgument } from '../json-argument.js'
import { printJson } from '../output.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { examples } from './settings-options.js'
import { taskId, wholeClaim } from './values.js'

interface CompleteFlags extends ConnectionFlags {
  readonly claim: string
  readonly output?: string
}

export function completeCommand(): Command {
  const command = new Command('complete')
    .summary('report that a claimed task is done')
    .description('Reports a task completed. It may be said again: the same report gets the same answer.')
    .argument('<task>', 'its id', taskId)
    .requiredOption('--claim <claim>', 'as "tunacorn claim" has printed it', wholeClaim)
    .option('--output <json>', 'what came of it: JSON, or @file (@- for standard input)')
    .addHelpText(
      'after',
      examples([
        'with what came of it',
        `tunacorn complete 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c.1 --claim 1.q83v… --output '{"score": 7}'`,
      ]),
    )
    .action(complete)
  return withConnection(command)
}

async function complete(id: string, flags: CompleteFlags): Promise<void> {
  const client = await connect(flags)
  const output = flags.output === undefined ? undefined : await readJsonArgument('--output', flags.output)
  const reported = await client.completeTask(id, {
    claim: flags.claim,
    ...(output !== undefined && { output }),
  })
  if (flags.json === undefined) console.log(`${reported.id}  ${reported.state}`)
  else printJson(reported)
}
