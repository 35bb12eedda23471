import { describe, expect, test } from 'vitest'
import { readDevConfig, readServeConfig } from '../src/config.js'
import { describeDatabase } from '../src/open-database.js'
import { isLoopback } from '../src/loopback.js'

const [minuteMs, dayMs] = [60_000, 86_400_000]

const engineDefaults = {
  retentionMs: undefined,
  defaults: {
    retryLimit: 0,
    timeoutMs: dayMs,
    heartbeatMs: 5 * minuteMs,
    scheduleTimeoutMs: 30 * dayMs,
    processTimeoutMs: 365 * dayMs,
  },
}

const nobodyElse = { keys: [], insecure: false, allowedHosts: [] }

test('without flags and environment, all is at its default', () => {
  expect(readServeConfig({}, {})).toEqual({
    host: '127.0.0.1',
    port: 8266,
    logLevel: 'info',
    database: { kind: 'embedded', dataDirectory: './.tunacorn' },
    dashboard: 'on',
    engine: engineDefaults,
    access: nobodyElse,
  })
})

test('the environment comes before the defaults', () => {
  const environment = { HOST: '::1', PORT: '1', LOG_LEVEL: 'DEBUG', DATABASE_URL: 'postgresql://u:p@h/d' }
  expect(readServeConfig({}, environment)).toEqual({
    host: '::1',
    port: 1,
    logLevel: 'debug',
    database: { kind: 'postgres', url: 'postgresql://u:p@h/d', maxConnections: 10, statementLimitMs: 30_000 },
    dashboard: 'on',
    engine: engineDefaults,
    access: nobodyElse,
  })
})

test('flags come before the environment', () => {
  const flags = { host: 'localhost', port: '2', logLevel: 'warn', databaseUrl: 'postgres://b/b' }
  const environment = { HOST: '::1', PORT: '1', LOG_LEVEL: 'debug', DATABASE_URL: 'postgres://a/a' }
  expect(readServeConfig(flags, environment)).toEqual({
    host: 'localhost',
    port: 2,
    logLevel: 'warn',
    database: { kind: 'postgres', url: 'postgres://b/b', maxConnections: 10, statementLimitMs: 30_000 },
    dashboard: 'on',
    engine: engineDefaults,
    access: nobodyElse,
  })
})

test('the dashboard is on, off, or for reading only', () => {
  expect(readServeConfig({ dashboard: 'read-only' }, {}).dashboard).toBe('read-only')
  expect(readServeConfig({}, { TUNACORN_DASHBOARD: 'OFF' }).dashboard).toBe('off')
  expect(() => readServeConfig({ dashboard: 'yes' }, {})).toThrow('Expected --dashboard to be one of on, off')
})

test('a data directory that a flag names is used, also where DATABASE_URL is set', () => {
  const { database } = readServeConfig({ dataDir: 'here' }, { DATABASE_URL: 'postgres://a/a' })
  expect(database).toEqual({ kind: 'embedded', dataDirectory: 'here' })
})

test('a data directory and a database URL, both by flags, contradict each other', () => {
  const flags = { dataDir: 'here', databaseUrl: 'postgres://a/a' }
  expect(() => readServeConfig(flags, {})).toThrow('found both')
})

test('a variable that is set to nothing counts as not set', () => {
  const environment = { HOST: '', PORT: '', LOG_LEVEL: '', DATABASE_URL: '', TUNACORN_DATA_DIR: '' }
  expect(readServeConfig({}, environment)).toEqual(readServeConfig({}, {}))
})

test('the connections of a server to its database can be limited', () => {
  const databaseUrl = 'postgres://a/a'
  const flags = { databaseUrl, databaseConnections: '2' }
  expect(readServeConfig(flags, {}).database).toEqual({
    kind: 'postgres',
    url: databaseUrl,
    maxConnections: 2,
    statementLimitMs: 30_000,
  })
  const environment = { TUNACORN_DATABASE_CONNECTIONS: '1' }
  expect(() => readServeConfig({ databaseUrl }, environment)).toThrow(
    'Expected TUNACORN_DATABASE_CONNECTIONS to be a whole number from 2 to 1000, but found "1".',
  )
})

test('how long its database may take to answer can be said', () => {
  const environment = { DATABASE_URL: 'postgres://a/a', TUNACORN_STATEMENT_LIMIT: '2m' }
  expect(readServeConfig({}, environment).database).toMatchObject({ statementLimitMs: 120_000 })
  expect(readServeConfig({ statementLimit: '5s' }, environment).database).toMatchObject({
    statementLimitMs: 5_000,
  })
})

test('a flag that is set to nothing is refused', () => {
  expect(() => readServeConfig({ port: '' }, {})).toThrow('Expected --port to be')
  expect(() => readServeConfig({ dataDir: ' ' }, {})).toThrow('Expected --data-dir to be')
})

test.each(['-1', '65536', '1.5', '0x10', '1e3', ' 80', 'http'])('a port %j is refused', (port) => {
  expect(() => readServeConfig({ port }, {})).toThrow('a whole number from 0 to 65535')
})

test('a host with a port is refused, and told where the port goes', () => {
  expect(() => readServeConfig({ host: '127.0.0.1:80' }, {})).toThrow(
    'The port has a flag of its own: --port.',
  )
})

test('dev listens on loopback whatever HOST says, and is quiet unless asked', () => {
  const environment = { HOST: '0.0.0.0' }
  expect(readDevConfig({}, environment)).toMatchObject({ host: '127.0.0.1', logLevel: 'warn' })
  expect(readDevConfig({}, { LOG_LEVEL: 'info' })).toMatchObject({ logLevel: 'info' })
  expect(readDevConfig({ logLevel: 'error' }, { LOG_LEVEL: 'info' })).toMatchObject({ logLevel: 'error' })
})

describe('who may ask', () => {
  test('can be set by the environment', () => {
    const secret = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
    const environment = {
      TUNACORN_API_KEYS: `ops:admin:${secret}`,
      TUNACORN_INSECURE: 'true',
      TUNACORN_ALLOWED_HOSTS: 'Tuna.example.com, server,',
    }
    expect(readServeConfig({}, environment).access).toMatchObject({
      keys: [{ name: 'ops', scopes: ['admin'] }],
      insecure: true,
      allowedHosts: ['tuna.example.com', 'server'],
    })
  })

  test('can be set by flags, but for keys', () => {
    const flags = { insecure: 'true', allowedHosts: 'a' }
    const environment = { TUNACORN_INSECURE: 'false', TUNACORN_ALLOWED_HOSTS: 'b' }
    const access = { keys: [], insecure: true, allowedHosts: ['a'] }
    expect(readServeConfig(flags, environment).access).toEqual(access)
  })

  test.each(['yes', 'on', '2'])('a switch is true or false, not %j', (given) => {
    expect(() => readServeConfig({}, { TUNACORN_INSECURE: given })).toThrow(
      'Expected TUNACORN_INSECURE to be true or false',
    )
  })

  test.each(['http://a', 'a:80', '*', '.a', 'a/b'])('%j is no name of a host', (given) => {
    expect(() => readServeConfig({ allowedHosts: given }, {})).toThrow('Expected --allowed-hosts to be names')
  })
})

describe('a database URL', () => {
  test.each(['mysql://u:secret@h/d', 'secret', 'postgres://u:sec ret@h:x/d', 'postgres://'])(
    'that will not do (%s) is refused and not shown',
    (databaseUrl) => {
      const read = () => readServeConfig({ databaseUrl }, {})
      expect(read).toThrow('Expected --database-url to be a URL such as postgres://')
      expect(read).not.toThrow(/secret|sec ret/)
    },
  )

  test.each([
    ['postgres://u:secret@db:6432/tuna?sslmode=require', 'PostgreSQL at db:6432/tuna'],
    ['postgresql://u:secret@db/tuna', 'PostgreSQL at db:5432/tuna'],
    ['postgresql://u:secret@[::1]/tuna', 'PostgreSQL at [::1]:5432/tuna'],
    ['postgres:///tuna?host=/var/run/postgresql&password=secret', 'PostgreSQL at /var/run/postgresql/tuna'],
    ['postgres://u@/tuna', 'PostgreSQL at localhost:5432/tuna'],
  ])('is described without its user and password: %s', (databaseUrl, description) => {
    expect(describeDatabase(readServeConfig({ databaseUrl }, {}).database)).toBe(description)
  })
})

describe('what the engine is told', () => {
  const environment = {
    TUNACORN_RETENTION: '7d',
    TUNACORN_DEFAULT_RETRY: '3',
    TUNACORN_DEFAULT_TIMEOUT: '2h',
    TUNACORN_DEFAULT_HEARTBEAT: '30s',
    TUNACORN_DEFAULT_SCHEDULE_TIMEOUT: '1d',
    TUNACORN_DEFAULT_PROCESS_TIMEOUT: '10d',
  }

  test('can be set by the environment', () => {
    expect(readServeConfig({}, environment).engine).toEqual({
      retentionMs: 7 * dayMs,
      defaults: {
        retryLimit: 3,
        timeoutMs: 120 * minuteMs,
        heartbeatMs: 30_000,
        scheduleTimeoutMs: dayMs,
        processTimeoutMs: 10 * dayMs,
      },
    })
  })

  test('can be set by flags, which come before the environment', () => {
    const flags = {
      retention: '1m',
      defaultRetry: '1000000',
      defaultTimeout: '2m',
      defaultHeartbeat: '3m',
      defaultScheduleTimeout: '4m',
      defaultProcessTimeout: '5m',
    }
    const engine = {
      retentionMs: minuteMs,
      defaults: {
        retryLimit: 1_000_000,
        timeoutMs: 2 * minuteMs,
        heartbeatMs: 3 * minuteMs,
        scheduleTimeoutMs: 4 * minuteMs,
        processTimeoutMs: 5 * minuteMs,
      },
    }
    expect(readServeConfig(flags, environment).engine).toEqual(engine)
    expect(readDevConfig(flags, environment).engine).toEqual(engine)
  })

  test.each([
    ['retention', '--retention'],
    ['defaultTimeout', '--default-timeout'],
    ['defaultHeartbeat', '--default-heartbeat'],
    ['defaultScheduleTimeout', '--default-schedule-timeout'],
    ['defaultProcessTimeout', '--default-process-timeout'],
  ])('has durations: %s', (name, flag) => {
    for (const given of ['', '0s', '-1s', '5', 'soon']) {
      expect(() => readServeConfig({ [name]: given }, {})).toThrow(
        `Expected ${flag} to be a duration such as 30s, 5m, 2h or 7d, but found "${given}"`,
      )
    }
  })

  test.each(['', '-1', '1.5', '1000001', '99999999', 'often'])('a retry limit %j is refused', (given) => {
    expect(() => readServeConfig({ defaultRetry: given }, {})).toThrow(
      `Expected --default-retry to be a whole number from 0 to 1000000, but found "${given}"`,
    )
  })
})

test('loopback is what only this machine reaches', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].filter(isLoopback)).toHaveLength(4)
  expect(['0.0.0.0', '::', '10.0.0.1', '::2', '128.0.0.1'].filter(isLoopback)).toEqual([])
})
