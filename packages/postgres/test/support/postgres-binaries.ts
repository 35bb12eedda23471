import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where packages put PostgreSQL, one directory for each version: Debian, Red Hat, Homebrew, Postgres.app. */
const versionedPlaces: { readonly parent: string; readonly below: string; readonly pattern: RegExp }[] = [
  { parent: '/usr/lib/postgresql', below: 'bin', pattern: /^(\d+)$/ },
  { parent: '/usr', below: 'bin', pattern: /^pgsql-(\d+)$/ },
  { parent: '/opt/homebrew/opt', below: 'bin', pattern: /^postgresql@(\d+)$/ },
  { parent: '/usr/local/opt', below: 'bin', pattern: /^postgresql@(\d+)$/ },
  { parent: '/home/linuxbrew/.linuxbrew/opt', below: 'bin', pattern: /^postgresql@(\d+)$/ },
  { parent: '/Applications/Postgres.app/Contents/Versions', below: 'bin', pattern: /^(\d+)$/ },
]

const plainPlaces = [
  '/usr/local/pgsql/bin',
  '/usr/lib/postgresql/bin',
  '/usr/libexec/postgresql',
  '/usr/local/bin',
  '/usr/bin',
]

/** The directory of `initdb` and `postgres`: that of `pg_config` in PATH, else the newest in a usual place. */
export function findPostgresBinaries(): string | undefined {
  return [...fromPgConfig(), ...versionedPlaces.flatMap(newestFirst), ...plainPlaces].find(isComplete)
}

/** `pg_config` also comes with client packages, so its directory may lack the server. */
const isComplete = (directory: string) =>
  ['initdb', 'postgres'].every((name) => existsSync(join(directory, name)))

function fromPgConfig(): string[] {
  try {
    return [
      execFileSync('pg_config', ['--bindir'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim(),
    ]
  } catch {
    return []
  }
}

function newestFirst({ parent, below, pattern }: (typeof versionedPlaces)[number]): string[] {
  if (!existsSync(parent)) return []
  return readdirSync(parent)
    .flatMap((name) => {
      const version = pattern.exec(name)?.[1]
      return version === undefined ? [] : [{ version: Number(version), path: join(parent, name, below) }]
    })
    .toSorted((a, b) => b.version - a.version)
    .map(({ path }) => path)
}
