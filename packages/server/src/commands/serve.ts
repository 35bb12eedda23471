import { Command } from 'commander'
import { engineSettingNames, readServeConfig, type Flags } from '../config.js'
import { examples, withSettings } from './settings-options.js'

export function serveCommand(): Command {
  const command = new Command('serve')
    .summary('serve the HTTP API')
    .description(
      'Serves the HTTP API, on an embedded database or on a PostgreSQL server. Logs go to standard output: lines to be read on a terminal, else a line of JSON each. SIGTERM and Ctrl-C stop it cleanly.',
    )
    .addHelpText(
      'after',
      examples(
        ['on this machine, everything kept in ./.tunacorn', 'tunacorn serve'],
        [
          'for the whole network',
          'tunacorn keys create me --scopes admin\n  tunacorn serve --host 0.0.0.0 --port 80',
        ],
        ['on a PostgreSQL server', 'DATABASE_URL=postgres://tuna:secret@db/tuna tunacorn serve'],
      ) +
        '\nA password is safer in DATABASE_URL: flags are seen by all users of a machine.\nTUNACORN_API_KEYS holds access keys besides those of "tunacorn keys":\n<name>:<scope>+<scope>:<secret>, separated by commas.\n',
    )
    .action(run)
  return withSettings(command, [
    'host',
    'port',
    'insecure',
    'allowedHosts',
    'dataDir',
    'databaseUrl',
    'databaseConnections',
    'statementLimit',
    'logLevel',
    'dashboard',
    ...engineSettingNames,
  ])
}

async function run(flags: Flags): Promise<void> {
  const config = readServeConfig(flags)
  // Loaded only now, as with every command: help and complaints come at once.
  const { serveUntilStopped } = await import('../serve-until-stopped.js')
  await serveUntilStopped(config)
}
