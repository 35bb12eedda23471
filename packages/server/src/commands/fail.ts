import { Command } from 'commander'
import { UsageError } from '../failures.js'
import { readJsonArgument } from '../json-argument.js'
import { printJson } from '../output.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { examples } from './settings-options.js'
import { duration, taskId, wholeClaim } from './values.js'

interface FailFlags extends ConnectionFlags {
  readonly claim: string
  readonly message?: string
  readonly error?: string
  /** False with `--no-retry`. */
  readonly retry: boolean
  readonly retryIn?: string
}

export function failCommand(): Command {
  const command = new Command('fail')
    .summary('report that a claimed task has failed')
    .description(
      'Reports that an attempt has failed. Another follows if the definition has one left; else the task has failed, and its process with it.',
    )
    .argument('<task>', 'its id', taskId)
    .requiredOption('--claim <claim>', 'as "tunacorn claim" has printed it', wholeClaim)
    .option('--message <text>', 'why')
    .option('--error <json>', 'why, in full: JSON, or @file (@- for standard input)')
    .option('--no-retry', 'no attempt will do better: the task has failed for good')
    .option('--retry-in <duration>', 'when the next attempt may begin, in place of its own delay', duration)
    .addHelpText(
      'after',
      examples([
        'why, in a few words',
        `tunacorn fail 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c.1 --claim 1.q83v… --message 'No such customer'`,
      ]),
    )
    .action(fail)
  return withConnection(command)
}

async function fail(id: string, flags: FailFlags): Promise<void> {
  const { claim, message, retry, retryIn } = flags
  if ((message === undefined) === (flags.error === undefined))
    throw new UsageError('Expected either --message or --error, to say why it has failed.')
  if (!retry && retryIn !== undefined)
    throw new UsageError('Expected either --no-retry or --retry-in, but found both.')
  const client = await connect(flags)
  const error = flags.error === undefined ? { message } : await readJsonArgument('--error', flags.error)
  const wish = retry ? retryIn !== undefined && { retryIn } : ({ retry: false } as const)
  const reported = await client.failTask(id, { claim, error, ...wish })
  if (flags.json === undefined) console.log(`${reported.id}  ${reported.state}`)
  else printJson(reported)
}
