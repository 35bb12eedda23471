import { describe, expect, test } from 'vitest'
import { tunacorn } from './support/command.js'

const commands =
  'dev serve migrate keys doctor validate graph start ps show events cancel pause resume retry worker tasks claim complete fail'.split(
    ' ',
  )

test.concurrent('the help names every command, and where to begin', async () => {
  const { code, stdout } = await tunacorn(['--help'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Usage: tunacorn /)
  for (const command of commands) expect(stdout).toMatch(`\n  ${command} `)
  expect(stdout).toContain('"tunacorn dev" is the place to begin')
})

test.concurrent.each(commands)('the help of %s has an example', async (command) => {
  const { code, stdout } = await tunacorn([command, '--help'])
  expect(code).toBe(0)
  expect(stdout).toMatch(new RegExp(`\nExamples:\n(.*\n)*.*tunacorn ${command}`))
})

test.concurrent('the help of serve says each flag, its variable and its default', async () => {
  const { stdout } = await tunacorn(['help', 'serve'])
  const words = stdout.replaceAll(/\s+/g, ' ')
  expect(words).toContain('--host <address> the address to listen on (HOST; 127.0.0.1 when absent)')
  expect(words).toContain(
    '--port <number> the port to listen on, 0 for any that is free (PORT; 8266 when absent)',
  )
  expect(words).toContain('(LOG_LEVEL; info when absent)')
  expect(words).toContain('(TUNACORN_DATA_DIR; ./.tunacorn when absent)')
  expect(words).toContain('(DATABASE_URL)')
  expect(words).toContain('--insecure listen beyond this machine although there are no access keys')
  expect(words).toContain('(TUNACORN_INSECURE=true)')
  expect(words).toContain('besides localhost and addresses (TUNACORN_ALLOWED_HOSTS)')
  expect(words).toContain('TUNACORN_API_KEYS holds access keys')
})

test.concurrent('the version is that of the package', async () => {
  expect(await tunacorn(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' })
})

describe('what it does not understand ends with exit code 2 and says what was expected:', () => {
  const cases: [what: string, args: string[], env: Record<string, string>, stderr: RegExp][] = [
    ['nothing at all', [], {}, /^Usage: tunacorn /],
    ['an unknown command', ['serv'], {}, /^tunacorn: unknown command 'serv'\n\(Did you mean serve\?\)\n/],
    [
      'an unknown flag',
      ['serve', '--prot', '1'],
      {},
      /^tunacorn: unknown option '--prot'\n\(Did you mean --port\?\)/,
    ],
    ['a flag of another command', ['migrate', '--port', '1'], {}, /^tunacorn: unknown option '--port'/],
    ['an argument too many', ['serve', '8266'], {}, /^tunacorn: too many arguments for 'serve'/],
    ['no file', ['validate'], {}, /^tunacorn: missing required argument 'file'/],
    [
      'a bad port',
      ['serve', '--port', 'abc'],
      {},
      /^tunacorn: Expected --port to be a whole number .*"abc"\.\n$/,
    ],
    [
      'a bad port of the environment',
      ['serve'],
      { PORT: '70000' },
      /^tunacorn: Expected PORT to be .*"70000"\.\n$/,
    ],
    [
      'a bad log level',
      ['dev', '--log-level', 'loud'],
      {},
      /^tunacorn: Expected --log-level to be one of trace, debug/,
    ],
    [
      'a misspelt command of processes',
      ['shwo', 'x'],
      {},
      /^tunacorn: unknown command 'shwo'\n\(Did you mean show\?\)/,
    ],
    [
      'a state that there is not',
      ['ps', '--state', 'done'],
      {},
      /^tunacorn: option '--state <state>' .* Allowed choices are/,
    ],
    [
      'a bad URL',
      ['ps', '--url', 'localhost'],
      {},
      /^tunacorn: Expected --url to be a URL such as .*"localhost"\.\n$/,
    ],
    [
      'a bad key',
      ['ps'],
      { TUNACORN_KEY: 'not a key' },
      /^tunacorn: Expected TUNACORN_KEY to be an API key.* something else\.\n$/,
    ],
    [
      'a bad duration',
      ['claim', '--lease', 'soon'],
      {},
      /^tunacorn: option '--lease <duration>' .*'soon' is invalid\. Expected a duration/,
    ],
    ['a folder that is not there', ['dev', '--definitions', '/nope'], {}, /\/nope is none\.\n$/],
  ]
  test.concurrent.each(cases)('%s', async (_what, args, env, stderr) => {
    const result = await tunacorn(args, { env })
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toMatch(stderr)
  })
})
