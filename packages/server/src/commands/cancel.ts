import type { Command } from 'commander'
import { confirm } from '../confirm.js'
import { countOf } from '../wording.js'
import { controlAll, controlCommand, type Control, type ControlFlags } from './control.js'
import { examples } from './settings-options.js'

export function cancelCommand(): Command {
  const control: Control = {
    name: 'cancel',
    summary: 'end a process for good',
    description:
      'Cancels processes: what is on the board for them goes, and what workers hold comes to nothing. That cannot be undone, so it asks first; --yes answers.',
    help: examples(
      [
        'one',
        'tunacorn cancel 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c --reason "the customer has changed her mind"',
      ],
      [
        'all of a definition that run, without being asked',
        'tunacorn cancel --yes $(tunacorn ps --state running --definition loan-application --all --json | jq -r .id)',
      ],
    ),
    act: (client, id, grounds) => client.cancelProcess(id, grounds),
  }
  return controlCommand(control)
    .option('--yes', 'do not ask')
    .action(async (ids: string[], flags: ControlFlags & { readonly yes?: true }) => {
      if (flags.yes === undefined)
        await confirm(`Cancel ${countOf(ids.length, 'process', 'processes')} for good?`)
      await controlAll(control, ids, flags)
    })
}
