import { Command } from 'commander'
import { readDefinitionsFolder, readDevConfig, type Flags } from '../config.js'
import { examples, withSettings } from './settings-options.js'

export function devCommand(): Command {
  const command = new Command('dev')
    .summary('try it: serve on this machine and show a process from start to end')
    .description(
      'Serves on 127.0.0.1 with the definitions of a folder, and shows how a sample worker does the tasks of one loan application. Then it serves on, until Ctrl-C. Logs go to standard error.',
    )
    .option(
      '--definitions <folder>',
      'register its definition files (*.yaml, *.yml, *.json); ./examples when absent and there',
    )
    .addHelpText(
      'after',
      examples(
        ['with ./examples, everything kept in ./.tunacorn', 'tunacorn dev'],
        ['with definitions of your own', 'tunacorn dev --port 9000 --definitions ./definitions'],
      ),
    )
    .action(run)
  return withSettings(command, ['port', 'dataDir', 'databaseUrl', 'logLevel'], { logLevel: 'warn' })
}

async function run({ definitions, ...flags }: Flags & { readonly definitions?: string }): Promise<void> {
  const config = readDevConfig(flags)
  const folder = readDefinitionsFolder(definitions)
  const { dev } = await import('../dev.js')
  await dev(config, folder)
}
