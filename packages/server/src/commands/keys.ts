import { Command } from 'commander'
import { parseDuration } from '@tunacorn/protocol'
import type { ApiKey, PostgresApiKeyList } from '@tunacorn/postgres'
import { confirm } from '../confirm.js'
import { isKeyName, keyNameRule, readScopes, scopesRule } from '../access/key-form.js'
import { readDatabaseChoice, type Flags } from '../config.js'
import { exitCodes, Failure, UsageError } from '../failures.js'
import { note, printJson } from '../output.js'
import { jsonOption } from './connection.js'
import { examples, withSettings } from './settings-options.js'

/** They speak to the database itself: who can reach that needs no key to make one. */
export function keysCommand(): Command {
  return new Command('keys')
    .summary('create, list and revoke access keys')
    .helpCommand(false)
    .description(
      'Access keys, kept in the database by their hashes. As soon as there has ever been one, every request needs one. Servers know of a change within two seconds.',
    )
    .addHelpText(
      'after',
      examples(
        ['for a worker', 'tunacorn keys create worker-1 --scopes work'],
        ['for who may do all, for a while', 'tunacorn keys create ada --scopes admin --expires 90d'],
        ['which there are', 'tunacorn keys list'],
        ['that of who has left, without being asked', 'tunacorn keys revoke ada --yes'],
      ) +
        '\nScopes: read (look at everything), start (start, pause, resume, retry and cancel\nprocesses), work (claim and report tasks), define (register and remove\ndefinitions), admin (all of these, and destroy processes).\n',
    )
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
}

function createCommand(): Command {
  const command = new Command('create')
    .summary('make a key')
    .description('Makes a key and prints it to standard output, this once: only its hash is kept.')
    .argument('<name>', `what it is called: ${keyNameRule}`)
    .requiredOption('--scopes <scopes>', `what it may do: one or more ${scopesRule}, separated by commas`)
    .option('--expires <duration>', 'when it ends, such as 90d from now; never when absent')
    .addHelpText(
      'after',
      examples(['for a worker', 'TUNACORN_KEY=$(tunacorn keys create worker-1 --scopes work)']),
    )
    .action(create)
  return withSettings(command, ['dataDir', 'databaseUrl', 'statementLimit']).addOption(jsonOption())
}

function listCommand(): Command {
  const command = new Command('list')
    .summary('show all keys')
    .description('Shows all keys that there have been, oldest first, and never what is secret of them.')
    .addHelpText('after', examples(['those of the embedded database in ./.tunacorn', 'tunacorn keys list']))
    .action(list)
  return withSettings(command, ['dataDir', 'databaseUrl', 'statementLimit']).addOption(jsonOption())
}

function revokeCommand(): Command {
  const command = new Command('revoke')
    .summary('end a key')
    .description(
      'Ends a key. Servers refuse it within two seconds; what it is waiting for is still answered.',
    )
    .argument('<name>', 'what it is called')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(['the key of a worker, without being asked', 'tunacorn keys revoke worker-1 --yes']),
    )
    .action(revoke)
  return withSettings(command, ['dataDir', 'databaseUrl', 'statementLimit']).addOption(jsonOption())
}

interface KeysFlags extends Flags {
  readonly json?: true
}

interface Wanted extends KeysFlags {
  readonly scopes: string
  readonly expires?: string
}

interface Revoked extends KeysFlags {
  readonly yes?: true
}

async function create(name: string, { scopes: given, expires, ...flags }: Wanted): Promise<void> {
  if (!isKeyName(name)) throw new UsageError(`Expected a name of ${keyNameRule}, but found ${quoted(name)}.`)
  const scopes = readScopes(given.split(','))
  if (scopes === undefined)
    throw new UsageError(`Expected --scopes ${scopesRule}, separated by commas, but found ${quoted(given)}.`)
  const lifeMs = expires === undefined ? undefined : readLife(expires)
  const { makeKey } = await import('../access/bearer-key.js')
  const { key, id, secretHash } = makeKey()
  const added = await withKeys(flags, (keys) => keys.add({ id, name, scopes, secretHash, lifeMs }))
  if (added === undefined)
    throw new Failure(
      `Expected a name that no key has, but there is one called ${quoted(name)}. Choose another, or revoke that one first with "tunacorn keys revoke ${name}".`,
      { exitCode: exitCodes.conflict },
    )
  const until = added.expiresAt === undefined ? 'without end' : `until ${added.expiresAt.toISOString()}`
  note(`Made the key ${quoted(name)} for ${scopes.join(', ')}, ${until}. It is shown only now:`)
  if (flags.json === undefined) console.log(key)
  else printJson({ ...shown(added), key })
}

async function list(flags: KeysFlags): Promise<void> {
  const keys = await withKeys(flags, (stored) => stored.list())
  if (flags.json !== undefined) return keys.forEach((key) => printJson(shown(key)))
  const { keyTable } = await import('../access/key-table.js')
  for (const line of keyTable(keys)) console.log(line)
}

/** All of a key but what is secret. */
function shown({ secretHash: _secretHash, ...key }: ApiKey): Omit<ApiKey, 'secretHash'> {
  return key
}

async function revoke(name: string, { yes, ...flags }: Revoked): Promise<void> {
  if (yes === undefined) await confirm(`End the key ${quoted(name)} for good?`)
  const revoked = await withKeys(flags, (keys) => keys.revoke(name))
  if (revoked === undefined)
    throw new Failure(
      `Expected a key that can be revoked, but none is called ${quoted(name)}. "tunacorn keys list" shows which there are.`,
      { exitCode: exitCodes.notFound },
    )
  if (flags.json !== undefined) return printJson(shown(revoked))
  console.log(`Revoked the key ${quoted(name)}. Servers refuse it within two seconds.`)
}

async function withKeys<T>(flags: Flags, body: (keys: PostgresApiKeyList) => Promise<T>): Promise<T> {
  const choice = readDatabaseChoice(flags)
  const { openDatabase } = await import('../open-database.js')
  const opened = await openDatabase(choice, (message) => console.error(message)).catch(explainLock)
  try {
    return await body(opened.apiKeys)
  } finally {
    await opened.close()
  }
}

async function explainLock(error: unknown): Promise<never> {
  const { DataDirectoryLockedError } = await import('@tunacorn/postgres/embedded')
  if (error instanceof Failure && error.cause instanceof DataDirectoryLockedError)
    throw new Failure(
      `${error.message} Stop the server while keys are changed, or start it with keys in TUNACORN_API_KEYS.`,
      { cause: error },
    )
  throw error
}

function readLife(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new UsageError(`Expected --expires to be a duration such as 12h or 90d, but found ${quoted(text)}.`)
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
