import { Command } from 'commander'
import { readDatabaseChoice, type Flags } from '../config.js'
import { printJson } from '../output.js'
import { jsonOption } from './connection.js'
import { examples, withSettings } from './settings-options.js'

export function migrateCommand(): Command {
  const command = new Command('migrate')
    .summary("bring the database's schema up to date")
    .description(
      "Brings the database's schema up to date and says what had to be done. The server does so by itself when it starts; this is for those who want it done before.",
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['the embedded database in ./.tunacorn', 'tunacorn migrate'],
        ['a PostgreSQL server', 'DATABASE_URL=postgres://tuna:secret@db/tuna tunacorn migrate'],
      ),
    )
    .action(migrate)
  return withSettings(command, ['dataDir', 'databaseUrl', 'statementLimit'])
}

async function migrate(flags: Flags & { readonly json?: true }): Promise<void> {
  const choice = readDatabaseChoice(flags)
  const { openDatabase } = await import('../open-database.js')
  const opened = await openDatabase(choice, (message) => console.error(message))
  await opened.close()
  const { migrations, description } = opened
  if (flags.json !== undefined) return printJson({ database: description, applied: migrations })
  for (const name of migrations) console.log(`Applied ${name}`)
  const change = migrations.length === 0 ? 'was up to date already' : 'is up to date now'
  console.log(`The schema of ${description} ${change}.`)
}
