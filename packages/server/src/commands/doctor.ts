import { Command } from 'commander'
import { readDatabaseChoice, type Flags } from '../config.js'
import { exitCodes } from '../failures.js'
import { printJson } from '../output.js'
import { paintFor } from '../terminal.js'
import { jsonOption } from './connection.js'
import { examples, withSettings } from './settings-options.js'

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .summary('find what is wrong with a database, and say what to do')
    .description(
      'Looks at a database: its settings, the schema, the clock, and whether everything in it can go on. Says of each thing that is wrong what to do; exit code 1 when there is any. It changes nothing. An embedded database must not be in use meanwhile.',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['a PostgreSQL server', 'DATABASE_URL=postgres://tuna:secret@db/tuna tunacorn doctor'],
        ['the embedded database in ./.tunacorn', 'tunacorn doctor'],
      ),
    )
    .action(doctor)
  return withSettings(command, ['dataDir', 'databaseUrl'])
}

async function doctor(flags: Flags & { readonly json?: true }): Promise<void> {
  const choice = readDatabaseChoice(flags)
  const { examine } = await import('../doctor/examine.js')
  const findings = await examine(choice, (message) => console.error(message))
  const paint = paintFor(process.stdout)
  for (const finding of findings) {
    if (flags.json !== undefined) printJson(finding)
    else {
      const mark = finding.isWell ? paint.green('ok   ') : paint.red('wrong')
      console.log(`${mark}  ${finding.found}`)
      if (finding.remedy !== undefined) console.log(`       → ${finding.remedy}`)
    }
  }
  if (findings.some(({ isWell }) => !isWell)) process.exitCode = exitCodes.failure
}
