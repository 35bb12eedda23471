import type { Command } from 'commander'
import { controlCommand } from './control.js'
import { examples } from './settings-options.js'

export function retryCommand(): Command {
  return controlCommand({
    name: 'retry',
    summary: 'let a failed process go on',
    description:
      'Lets failed processes go on: their failed and cancelled tasks are open again, with fresh attempts, and completed ones keep their outputs.',
    help: examples(
      ['once the reason is gone', 'tunacorn retry 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'],
      ['all that have failed', 'tunacorn retry $(tunacorn ps --state failed --all --json | jq -r .id)'],
    ),
    act: (client, id, grounds) => client.retryProcess(id, grounds),
  })
}
