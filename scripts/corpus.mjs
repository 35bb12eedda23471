// Runs every definition of a folder through a real server and real worker processes, and checks from the history and
// from the workers' own records that each task was completed exactly once and never before what it needs.
//
//   pnpm corpus DIR [--database embedded|URL] [--workers N] [--batch N]
//
// Without --database: on the embedded database, and on a real PostgreSQL as well, which is that of DATABASE_URL, or
// one made for the occasion where initdb and postgres are installed. A database given by URL must be one to work in:
// the board has to be empty, and what was run stays in it. Ends with 1 when anything is not as it should be.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { register as registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import { extname, join, parse as parsePath, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parseDocument } from 'yaml'

registerHooks('./typescript-hooks.mjs', import.meta.url)
const { ask } = await import('../test/support/api.ts')
const { needsCount } = await import('../test/support/graph.ts')
const { breachesOf, readRun, workOn } = await import('../test/support/judge.ts')
const { register, startProcess, untilEnded } = await import('../test/support/run-process.ts')
const { TunaCornServer } = await import('../test/support/tunacorn-server.ts')
const { WorkerProcesses } = await import('../test/support/worker-processes.ts')
const { ThrowAwayCluster } = await import('../packages/postgres/test/support/throw-away-cluster.ts')

const shownBreaches = 20
const mediaTypes = { '.yaml': 'application/yaml', '.yml': 'application/yaml', '.json': 'application/json' }

// The server and the workers end with this process, once it ends by itself.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const { folder, database, count, batch } = readArguments()
const definitions = await readDefinitions(folder).catch((error) =>
  fail(`Cannot read ${folder}: ${error.message}`),
)
if (definitions.length === 0) fail(`Expected definitions (.yaml, .yml, .json) in ${folder}, but found none.`)

let breaches = 0
if (database === undefined || database === 'embedded') await onEmbedded()
if (database === undefined) await onAnyPostgres()
else if (database !== 'embedded') await onPostgres('PostgreSQL', database)

if (breaches > 0) fail(`\n${breaches} ${breaches === 1 ? 'thing is' : 'things are'} not as they should be.`)

function readArguments() {
  const options = { database: { type: 'string' }, workers: { type: 'string' }, batch: { type: 'string' } }
  try {
    // `pnpm corpus -- DIR` hands the dashes on.
    const args = process.argv.slice(2).filter((argument) => argument !== '--')
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    if (positionals.length !== 1) throw new Error(`expected one folder, but found ${positionals.length}`)
    return {
      folder: resolve(positionals[0]),
      database: values.database,
      count: wholeNumber('workers', values.workers ?? '4', 100),
      batch: wholeNumber('batch', values.batch ?? '50', 250),
    }
  } catch (error) {
    return fail(
      `${error.message}\nUsage: pnpm corpus DIR [--database embedded|URL] [--workers N] [--batch N]`,
    )
  }
}

function wholeNumber(name, text, most) {
  const number = /^\d+$/.test(text) ? Number(text) : NaN
  if (number >= 1 && number <= most) return number
  throw new Error(`expected --${name} to be a whole number from 1 to ${most}, but found ${text}`)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

/** Every definition file of the folder. */
async function readDefinitions(from) {
  const files = (await readdir(from)).filter((file) => extname(file) in mediaTypes).toSorted()
  return Promise.all(
    files.map(async (file) => readDefinition(file, await readFile(join(from, file), 'utf8'))),
  )
}

/** Its source, with a name in it, and its graph; no graph when it is no definition, which the server will say. */
function readDefinition(file, written) {
  const asWritten = { file, source: written, contentType: mediaTypes[extname(file)] }
  const document = parseDocument(written)
  if (document.errors.length > 0 || !Array.isArray(document.toJS({ maxAliasCount: -1 })?.tasks))
    return asWritten
  const isNamed = document.has('name')
  if (!isNamed) document.set('name', parsePath(file).name)
  const { name, tasks } = document.toJS({ maxAliasCount: -1 })
  const graph = { name, tasks: tasks.map((task) => ({ name: task?.name, needs: task?.needs ?? [] })) }
  if (isNamed) return { ...asWritten, graph }
  return { file, source: JSON.stringify(document), contentType: 'application/json', graph }
}

async function onEmbedded() {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'tunacorn-corpus-'))
  try {
    await runAll('embedded database', { kind: 'embedded', dataDirectory })
  } finally {
    await rm(dataDirectory, { recursive: true, force: true })
  }
}

async function onAnyPostgres() {
  const given = process.env.DATABASE_URL
  if (given) return onPostgres('PostgreSQL of DATABASE_URL', given)
  if (ThrowAwayCluster.find() === undefined) {
    console.log('\n!!! SKIPPED: a real PostgreSQL. Install one, or say --database URL.')
    return
  }
  const cluster = await ThrowAwayCluster.create()
  try {
    await onPostgres('PostgreSQL', cluster.url)
  } finally {
    await cluster.remove()
  }
}

async function onPostgres(title, url) {
  await runAll(title, { kind: 'postgres', url })
}

async function runAll(title, where) {
  console.log(`\n${title}, ${count} worker processes, up to ${batch} tasks a call\n`)
  const server = await TunaCornServer.start(where)
  const workers = new WorkerProcesses({ urls: [server.url], count, batch, lease: '5m' })
  try {
    const board = await ask(server.url, 'GET', '/tasks?limit=1')
    if (board.items.length > 0) throw new Error('Expected an empty board, but the database has tasks on it.')
    const width = Math.max(...definitions.map(({ file }) => file.length), 4)
    printRow(width, 'file', 'tasks', 'needs', 'seconds', 'tasks/s', '')
    for (const definition of definitions) await runOne(server.url, workers, definition, width)
    await workers.stop()
  } catch (error) {
    breaches++
    console.error(`${error.stack ?? error}\nThe server said:\n${server.log || '(nothing)'}`)
  } finally {
    workers.kill()
    await server.stop()
  }
}

async function runOne(url, workers, definition, width) {
  const { file, graph } = definition
  try {
    const { ended, found } = await runAndJudge(url, workers, definition)
    const seconds = (Date.parse(ended.endedAt) - Date.parse(ended.startedAt)) / 1000
    const size = graph.tasks.length
    const rate = Math.round(size / Math.max(seconds, 0.001))
    const verdict = found.length === 0 ? 'sound' : `NOT SOUND: ${found.length} breaches`
    printRow(width, file, size, needsCount(graph), seconds.toFixed(3), rate, verdict)
    for (const breach of found.slice(0, shownBreaches)) console.error(`    ${breach}`)
    if (found.length > shownBreaches) console.error(`    … and ${found.length - shownBreaches} more`)
    breaches += found.length
  } catch (error) {
    printRow(width, file, graph?.tasks.length ?? '-', graph ? needsCount(graph) : '-', '-', '-', 'NOT RUN')
    console.error(`    ${error.message}`)
    breaches++
  }
}

async function runAndJudge(url, workers, { source, contentType, graph }) {
  const { name, version } = await register(url, source, contentType)
  const { id } = await startProcess(url, name, version)
  const ended = await untilEnded(url, id)
  const work = workOn(id, await workers.collect())
  const run = await readRun(url, { graph, work, handOuts: 'once', processId: id })
  return { ended, found: breachesOf(run) }
}

function printRow(width, file, ...columns) {
  const verdict = columns.pop()
  console.log(
    [file.padEnd(width), ...columns.map((text) => String(text).padStart(8)), ` ${verdict}`].join(' '),
  )
}
