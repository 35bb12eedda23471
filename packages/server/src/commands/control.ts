import { Command } from 'commander'
import type { TunaCornClient } from '@tunacorn/client'
import { exitCodes, type Failure } from '../failures.js'
import { note, printJson } from '../output.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { processIds } from './values.js'

/** What is done to processes, one after the other: cancel, pause, resume, retry. */
export interface Control {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly help: string
  readonly act: (
    client: TunaCornClient,
    id: string,
    grounds: Grounds,
  ) => Promise<{ id: string; state: string }>
}

interface Grounds {
  readonly by?: string
  readonly reason?: string
}

export interface ControlFlags extends ConnectionFlags, Grounds {}

export function controlCommand(control: Control): Command {
  const command = new Command(control.name)
    .summary(control.summary)
    .description(control.description)
    .argument('<process...>', 'their ids', processIds)
    .option('--by <who>', 'who wants it, for the history')
    .option('--reason <text>', 'why, for the history')
    .addHelpText('after', control.help)
    .action((ids: string[], flags: ControlFlags) => controlAll(control, ids, flags))
  return withConnection(command)
}

/** One that is refused does not stop the others; the exit code is that of the last refusal. */
export async function controlAll(
  { act }: Control,
  ids: readonly string[],
  flags: ControlFlags,
): Promise<void> {
  const client = await connect(flags)
  const { failureOf } = await import('../server-answers.js')
  const { by, reason } = flags
  const grounds = { ...(by !== undefined && { by }), ...(reason !== undefined && { reason }) }
  const refusals: Failure[] = []
  for (const id of ids) {
    try {
      const process = await act(client, id, grounds)
      if (flags.json === undefined) console.log(`${process.id}  ${process.state}`)
      else printJson(process)
    } catch (error) {
      const failure = failureOf(error)
      if (failure === undefined) throw error
      refusals.push(failure)
      // Nor would the others be answered.
      if (failure.exitCode === exitCodes.unreachable) break
    }
  }
  const last = refusals.pop()
  for (const { message } of refusals) note(`tunacorn: ${message}`)
  if (last !== undefined) throw last
}
