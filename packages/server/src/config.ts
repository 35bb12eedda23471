import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import { parseDuration } from '@tunacorn/protocol'
import type { AccessSettings } from './access/access-settings.js'
import { fixedKeysVariable, readFixedKeys } from './access/fixed-keys.js'
import type { DatabaseChoice } from './open-database.js'
import { UsageError } from './failures.js'

/** One thing that can be set: by its flag, else by its environment variable, else it is what it is by default. */
export interface Setting<Value> {
  readonly flag: string
  readonly variable: string
  /** What stands for the value in the help. Absent: its flag alone means `true`. */
  readonly placeholder?: string
  readonly about: string
  /** Absent: nothing is the default. */
  readonly fallback?: string
  /** @throws Unfit */
  readonly read: (text: string) => Value
}

/** A value that will not do. */
class Unfit {
  readonly expected: string
  readonly found: string | undefined
  readonly remedy: string | undefined

  constructor(expected: string, details: { found?: string; remedy?: string } = {}) {
    this.expected = expected
    this.found = details.found
    this.remedy = details.remedy
  }
}

const dashboardModes = ['on', 'off', 'read-only'] as const
export type DashboardMode = (typeof dashboardModes)[number]

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export const settings = {
  host: {
    flag: '--host',
    variable: 'HOST',
    placeholder: 'address',
    about: 'the address to listen on',
    fallback: '127.0.0.1',
    read: readHost,
  },
  port: {
    flag: '--port',
    variable: 'PORT',
    placeholder: 'number',
    about: 'the port to listen on, 0 for any that is free',
    fallback: '8266',
    read: readPort,
  },
  logLevel: {
    flag: '--log-level',
    variable: 'LOG_LEVEL',
    placeholder: 'level',
    about: logLevels.join(', '),
    fallback: 'info',
    read: readLogLevel,
  },
  dataDir: {
    flag: '--data-dir',
    variable: 'TUNACORN_DATA_DIR',
    placeholder: 'directory',
    about: 'where the embedded database is kept',
    fallback: './.tunacorn',
    read: readDirectory,
  },
  databaseUrl: {
    flag: '--database-url',
    variable: 'DATABASE_URL',
    placeholder: 'url',
    about: 'a PostgreSQL server, in place of the embedded database',
    read: readDatabaseUrl,
  },
  insecure: {
    flag: '--insecure',
    variable: 'TUNACORN_INSECURE',
    about:
      'listen beyond this machine although there are no access keys; those there are, are asked for all the same',
    fallback: 'false',
    read: readSwitch,
  },
  allowedHosts: {
    flag: '--allowed-hosts',
    variable: 'TUNACORN_ALLOWED_HOSTS',
    placeholder: 'names',
    about: 'names that it is reached by, separated by commas, besides localhost and addresses',
    fallback: '',
    read: readHostNames,
  },
  url: {
    flag: '--url',
    variable: 'TUNACORN_URL',
    placeholder: 'url',
    about: 'where the server is',
    fallback: 'http://127.0.0.1:8266',
    read: readServerUrl,
  },
  key: {
    flag: '--key',
    variable: 'TUNACORN_KEY',
    placeholder: 'key',
    about: 'an API key; a variable is not seen by all users of the machine',
    read: readKey,
  },
  databaseConnections: {
    flag: '--database-connections',
    variable: 'TUNACORN_DATABASE_CONNECTIONS',
    placeholder: 'number',
    about:
      'how many connections to the PostgreSQL server at most: one for access keys, and from five on one that listens to other replicas',
    fallback: '10',
    read: readConnectionCount,
  },
  statementLimit: {
    flag: '--statement-limit',
    variable: 'TUNACORN_STATEMENT_LIMIT',
    placeholder: 'duration',
    about: 'how long an answer of the PostgreSQL server is waited for, before it counts as away',
    fallback: '30s',
    read: readDuration,
  },
  dashboard: {
    flag: '--dashboard',
    variable: 'TUNACORN_DASHBOARD',
    placeholder: 'mode',
    about: 'the web page below /dashboard/: on, off, or read-only, which offers to change nothing',
    fallback: 'on',
    read: readDashboard,
  },
  retention: {
    flag: '--retention',
    variable: 'TUNACORN_RETENTION',
    placeholder: 'duration',
    about: 'destroy processes that ended longer ago than this; never when absent',
    read: readDuration,
  },
  defaultTimeout: {
    flag: '--default-timeout',
    variable: 'TUNACORN_DEFAULT_TIMEOUT',
    placeholder: 'duration',
    about: 'how long an attempt may take where the definition does not say',
    fallback: '1d',
    read: readDuration,
  },
  defaultHeartbeat: {
    flag: '--default-heartbeat',
    variable: 'TUNACORN_DEFAULT_HEARTBEAT',
    placeholder: 'duration',
    about: 'how long a worker may be silent where the definition does not say',
    fallback: '5m',
    read: readDuration,
  },
  defaultScheduleTimeout: {
    flag: '--default-schedule-timeout',
    variable: 'TUNACORN_DEFAULT_SCHEDULE_TIMEOUT',
    placeholder: 'duration',
    about: 'how long a task may wait for a worker where the definition does not say',
    fallback: '30d',
    read: readDuration,
  },
  defaultProcessTimeout: {
    flag: '--default-process-timeout',
    variable: 'TUNACORN_DEFAULT_PROCESS_TIMEOUT',
    placeholder: 'duration',
    about: 'how long a process may take where the definition does not say',
    fallback: '365d',
    read: readDuration,
  },
  defaultRetry: {
    flag: '--default-retry',
    variable: 'TUNACORN_DEFAULT_RETRY',
    placeholder: 'limit',
    about: 'how often a failed task is retried where the definition does not say',
    fallback: '0',
    read: readRetryLimit,
  },
} as const satisfies Record<string, Setting<unknown>>

export type SettingName = keyof typeof settings

/** Values of flags, as they were given. */
export type Flags = { readonly [Name in SettingName]?: string }

export interface ServeConfig {
  readonly host: string
  readonly port: number
  readonly logLevel: LogLevel
  readonly database: DatabaseChoice
  readonly dashboard: DashboardMode
  readonly engine: EngineSettings
  readonly access: AccessSettings
}

/** What the engine is told; durations in milliseconds. */
export interface EngineSettings {
  readonly retentionMs: number | undefined
  readonly defaults: {
    readonly retryLimit: number
    readonly timeoutMs: number
    readonly heartbeatMs: number
    readonly scheduleTimeoutMs: number
    readonly processTimeoutMs: number
  }
}

/** The settings that make `EngineSettings`. */
export const engineSettingNames = [
  'retention',
  'defaultRetry',
  'defaultTimeout',
  'defaultHeartbeat',
  'defaultScheduleTimeout',
  'defaultProcessTimeout',
] as const satisfies readonly SettingName[]

type Environment = Readonly<Record<string, string | undefined>>

// Nothing else of this package reads the environment.

/** @throws UsageError for a value that will not do */
export function readServeConfig(flags: Flags, environment: Environment = process.env): ServeConfig {
  return Object.freeze({
    host: valueOf(settings.host, flags.host, environment),
    port: valueOf(settings.port, flags.port, environment),
    logLevel: valueOf(settings.logLevel, flags.logLevel, environment),
    database: readDatabaseChoice(flags, environment),
    dashboard: valueOf(settings.dashboard, flags.dashboard, environment),
    engine: readEngineSettings(flags, environment),
    access: readAccessSettings(flags, environment),
  })
}

function readAccessSettings(flags: Flags, environment: Environment): AccessSettings {
  return {
    keys: readFixedKeys(environment[fixedKeysVariable]),
    insecure: valueOf(settings.insecure, flags.insecure, environment),
    allowedHosts: valueOf(settings.allowedHosts, flags.allowedHosts, environment),
  }
}

/** @throws UsageError for a value that will not do */
export function readEngineSettings(flags: Flags, environment: Environment = process.env): EngineSettings {
  const { defaultScheduleTimeout, defaultProcessTimeout } = settings
  return {
    retentionMs: optionalValueOf(settings.retention, flags.retention, environment),
    defaults: {
      retryLimit: valueOf(settings.defaultRetry, flags.defaultRetry, environment),
      timeoutMs: valueOf(settings.defaultTimeout, flags.defaultTimeout, environment),
      heartbeatMs: valueOf(settings.defaultHeartbeat, flags.defaultHeartbeat, environment),
      scheduleTimeoutMs: valueOf(defaultScheduleTimeout, flags.defaultScheduleTimeout, environment),
      processTimeoutMs: valueOf(defaultProcessTimeout, flags.defaultProcessTimeout, environment),
    },
  }
}

/** For a command that says itself what goes well: `warn` when absent. @throws UsageError for a value that will not do */
export function readLogLevelOf(flags: Flags, environment: Environment = process.env): LogLevel {
  return optionalValueOf(settings.logLevel, flags.logLevel, environment) ?? 'warn'
}

/** For one's own machine: always on loopback, and quiet about what goes well, because `dev` tells it itself. */
export function readDevConfig(flags: Flags, environment: Environment = process.env): ServeConfig {
  const quiet = { ...environment, LOG_LEVEL: environment['LOG_LEVEL'] || 'warn' }
  return readServeConfig({ ...flags, host: '127.0.0.1' }, quiet)
}

/** @throws UsageError for a value that will not do */
export function readDatabaseChoice(flags: Flags, environment: Environment = process.env): DatabaseChoice {
  if (flags.dataDir !== undefined && flags.databaseUrl !== undefined) {
    throw new UsageError(
      'Expected either --data-dir (the embedded database) or --database-url (a PostgreSQL server), but found both. Leave one out.',
    )
  }
  // Who names a directory wants it, also where DATABASE_URL happens to be set: flags come first.
  const url =
    flags.dataDir === undefined
      ? optionalValueOf(settings.databaseUrl, flags.databaseUrl, environment)
      : undefined
  if (url !== undefined) {
    const maxConnections = valueOf(settings.databaseConnections, flags.databaseConnections, environment)
    const statementLimitMs = valueOf(settings.statementLimit, flags.statementLimit, environment)
    return { kind: 'postgres', url, maxConnections, statementLimitMs }
  }
  return { kind: 'embedded', dataDirectory: valueOf(settings.dataDir, flags.dataDir, environment) }
}

/** The server that a command speaks to. */
export interface ServerChoice {
  readonly url: string
  readonly key: string | undefined
}

/** @throws UsageError for a value that will not do */
export function readServerChoice(flags: Flags, environment: Environment = process.env): ServerChoice {
  return {
    url: valueOf(settings.url, flags.url, environment),
    key: optionalValueOf(settings.key, flags.key, environment),
  }
}

/** What a program that is started to do a task finds in its environment: ours, and what is said of the task. */
export function environmentWith(
  variables: Readonly<Record<string, string>>,
  environment: Environment = process.env,
): Environment {
  return { ...environment, ...variables }
}

const defaultFolder = './examples'

/**
 * The folder whose definitions are registered: the one given, else ./examples where there is one.
 *
 * @throws UsageError when there is no such folder
 */
export function readDefinitionsFolder(given: string | undefined): string | undefined {
  const folder = given ?? defaultFolder
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder
  if (given === undefined) return undefined
  throw new UsageError(`Expected --definitions to be a folder, but ${given} is none.`)
}

function valueOf<Value>(
  setting: Setting<Value> & { readonly fallback: string },
  given: string | undefined,
  environment: Environment,
): Value {
  return optionalValueOf(setting, given, environment) ?? setting.read(setting.fallback)
}

/** A variable that is set to nothing counts as not set: that is how compose files and shells pass on what is absent. */
function optionalValueOf<Value>(
  setting: Setting<Value>,
  given: string | undefined,
  environment: Environment,
): Value | undefined {
  if (given !== undefined) return checked(setting, setting.flag, given)
  const value = environment[setting.variable]
  return value === undefined || value === '' ? undefined : checked(setting, setting.variable, value)
}

function checked<Value>(setting: Setting<Value>, source: string, text: string): Value {
  try {
    return setting.read(text)
  } catch (error) {
    if (!(error instanceof Unfit)) throw error
    const { expected, found = JSON.stringify(text), remedy } = error
    const rest = remedy === undefined ? '' : ` ${remedy}`
    throw new UsageError(`Expected ${source} to be ${expected}, but found ${found}.${rest}`)
  }
}

function readHost(text: string): string {
  if (isIP(text) !== 0 || /^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(text)) return text
  const remedy = text.includes(':') ? 'The port has a flag of its own: --port.' : undefined
  throw new Unfit(
    'an address or a name such as 127.0.0.1 or localhost',
    remedy === undefined ? {} : { remedy },
  )
}

function readSwitch(text: string): boolean {
  if (/^(true|1)$/i.test(text)) return true
  if (/^(false|0)$/i.test(text)) return false
  throw new Unfit('true or false')
}

function readHostNames(text: string): string[] {
  const names = text.split(',').flatMap((name) => name.trim().toLowerCase() || [])
  if (names.every((name) => /^[a-z\d]([a-z\d.-]*[a-z\d])?$/.test(name))) return names
  throw new Unfit('names such as tuna.example.com, without port or scheme, separated by commas')
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (port <= 65_535) return port
  throw new Unfit('a whole number from 0 to 65535, such as 8266')
}

function readLogLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text.toLowerCase())
  if (level !== undefined) return level
  throw new Unfit(`one of ${logLevels.join(', ')}`)
}

function readDashboard(text: string): DashboardMode {
  const mode = dashboardModes.find((known) => known === text.toLowerCase())
  if (mode !== undefined) return mode
  throw new Unfit(`one of ${dashboardModes.join(', ')}`)
}

function readDirectory(text: string): string {
  if (text.trim() !== '') return text
  throw new Unfit('a directory')
}

function readServerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (isHttp && url.username === '' && url.password === '' && !/[?#]/.test(text)) return text
  throw new Unfit('a URL such as http://127.0.0.1:8266, without user, ? and #')
}

function readKey(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw new Unfit('an API key, of visible letters without spaces', { found: 'something else' })
}

function readDuration(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new Unfit('a duration such as 30s, 5m, 2h or 7d')
}

function readRetryLimit(text: string): number {
  const limit = /^\d{1,7}$/.test(text) ? Number(text) : NaN
  if (limit <= 1_000_000) return limit
  throw new Unfit('a whole number from 0 to 1000000')
}

function readConnectionCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : NaN
  if (count >= 2 && count <= 1_000) return count
  throw new Unfit('a whole number from 2 to 1000')
}

function readDatabaseUrl(text: string): string {
  const hasForm = /^postgres(ql)?:\/\/./i.test(text)
  // A URL without a host means a local socket; with a user before it, only `pg` understands it.
  if (hasForm && URL.canParse(text.replace('@/', '@localhost/'))) return text
  const scheme = /^[a-z][\w+.-]*:/i.exec(text)?.[0]
  throw new Unfit('a URL such as postgres://user:password@host:5432/database', {
    found:
      hasForm || scheme === undefined ? 'something else' : `one that begins with ${JSON.stringify(scheme)}`,
    remedy:
      'It is not shown, since it may hold a password; in one, write %40 for @, %2F for /, %3A for :, %25 for %.',
  })
}
