import type { Command } from 'commander'
import { controlCommand } from './control.js'
import { examples } from './settings-options.js'

export function resumeCommand(): Command {
  return controlCommand({
    name: 'resume',
    summary: 'let a paused process go on',
    description: 'Lets paused processes go on. Their deadlines are later by the pause.',
    help: examples(
      ['one', 'tunacorn resume 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'],
      ['all that are paused', 'tunacorn resume $(tunacorn ps --state paused --all --json | jq -r .id)'],
    ),
    act: (client, id, grounds) => client.resumeProcess(id, grounds),
  })
}
