import type { Command } from 'commander'
import { controlCommand } from './control.js'
import { examples } from './settings-options.js'

export function pauseCommand(): Command {
  return controlCommand({
    name: 'pause',
    summary: 'hand out nothing new of a process',
    description:
      'Pauses processes: none of their tasks is handed out until they are resumed. What is held already may be finished, and their deadlines stand still.',
    help: examples([
      'until the bank answers',
      'tunacorn pause 01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c --reason "the bank is down"',
    ]),
    act: (client, id, grounds) => client.pauseProcess(id, grounds),
  })
}
