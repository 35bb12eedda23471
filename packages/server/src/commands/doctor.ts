import { Command } from 'commander'
import { readDatabaseChoice, type Flags } from '../config.js'
import { exitCodes, UsageError } from '../failures.js'
import type { Finding } from '../doctor/finding.js'
import { note, printJson } from '../output.js'
import { paintFor } from '../terminal.js'
import { connect, jsonOption, type ConnectionFlags } from './connection.js'
import { examples, withSettings } from './settings-options.js'

interface DoctorFlags extends ConnectionFlags, Pick<Flags, 'dataDir' | 'databaseUrl' | 'statementLimit'> {}

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .summary('find what is wrong with a database, and say what to do')
    .description(
      'Looks at a database: its settings, the schema, the clock, and whether everything in it can go on. Says of each thing that is wrong what to do; exit code 1 when there is any, or when it may not look. It changes nothing. An embedded database is open to nobody else while its server runs: then --url asks that server for what it can see.',
    )
    .option('--url <url>', 'ask this server in place of a database: whether all is claimed that waits')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['a PostgreSQL server', 'DATABASE_URL=postgres://tuna:secret@db/tuna tunacorn doctor'],
        ['the embedded database in ./.tunacorn, whose server is stopped', 'tunacorn doctor'],
        ['a server that runs', 'tunacorn doctor --url http://127.0.0.1:8266'],
      ),
    )
    .action(doctor)
  return withSettings(command, ['dataDir', 'databaseUrl', 'statementLimit', 'key'])
}

async function doctor(flags: DoctorFlags): Promise<void> {
  const findings = flags.url === undefined ? await ofDatabase(flags) : await ofServer(flags)
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

async function ofDatabase(flags: DoctorFlags): Promise<Finding[]> {
  const choice = readDatabaseChoice(flags)
  const { examine } = await import('../doctor/examine.js')
  return examine(choice, note)
}

async function ofServer(flags: DoctorFlags): Promise<Finding[]> {
  if (flags.dataDir !== undefined || flags.databaseUrl !== undefined)
    throw new UsageError('Expected either --url (a server) or a database, but found both. Leave one out.')
  const { examineServer } = await import('../doctor/examine-server.js')
  return examineServer(await connect(flags))
}
