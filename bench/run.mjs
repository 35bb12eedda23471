// Measures TunaCorn beside its peers; `pnpm bench --help` says how. TunaCorn has to be built: `pnpm bench` sees to it.
import { writeFileSync } from 'node:fs'
import { help, readCommandLine, UsageError } from './lib/command-line.mjs'
import { hasCorpus } from './lib/corpus.mjs'
import { installPackages } from './lib/install.mjs'
import { describeMachine } from './lib/machine.mjs'
import { peers } from './lib/peers.mjs'
import { reportFile, rootDirectory } from './lib/places.mjs'
import { describeRedis } from './lib/redis.mjs'
import { report } from './lib/report.mjs'
import { Results } from './lib/results.mjs'
import { Runner } from './lib/runner.mjs'

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () =>
    interruption.abort(new Error('Interrupted: what was measured so far is kept. Go on with --resume.')),
  )
}

try {
  await main(readCommandLine(process.argv.slice(2), rootDirectory))
} catch (error) {
  console.error(error instanceof UsageError || interruption.signal.aborted ? error.message : error)
  process.exitCode = 1
}

async function main(options) {
  if (options.isHelp) return console.log(help)
  const results = new Results(options)
  if (!options.isPrint) {
    installPackages()
    await measure(options, results)
  }
  if (results.isEmpty)
    throw new UsageError('Expected results to print, but there are none yet: run pnpm bench first.')
  const text = report(results)
  console.log(`\n${text}`)
  if (!options.isQuick) writeFileSync(reportFile, text)
}

async function measure(options, results) {
  const runner = new Runner({ ...options, signal: interruption.signal })
  try {
    await runner.start()
    if (options.soakMs === undefined && !options.isResumed) results.beginAnew()
    results.add(await machineLine(runner))
    if (options.soakMs === undefined) await runRounds(options, results, runner)
    else await runSoak(options, results, runner)
  } finally {
    await runner.stop()
  }
}

async function machineLine(runner) {
  const machine = describeMachine({ peers, directory: runner.directory })
  const postgres = await runner.describePostgres()
  return { type: 'machine', at: new Date().toISOString(), ...machine, postgres, redis: redisOrWhyNot() }
}

function redisOrWhyNot() {
  try {
    return describeRedis()
  } catch (error) {
    return error.message
  }
}

/** In each round each peer runs each workload once: what disturbs the machine meanwhile disturbs them all. */
async function runRounds(options, results, runner) {
  for (let round = 1; round <= options.rounds; round++) {
    for (const workload of options.workloads) {
      if (workload.id === 'W6' && !hasCorpus(options.corpus)) {
        console.log('W6 is left out: there is no corpus. --corpus says where one is.')
        continue
      }
      for (const peer of options.peers) await runOnce({ round, workload, peer }, options, results, runner)
    }
  }
}

async function runOnce({ round, workload, peer }, { isQuick, timeoutMs }, results, runner) {
  if (peer.cannot[workload.id] !== undefined) return
  const before = results.of(peer.id, workload.id)
  if (before.some((run) => run.round === round && run.outcome !== undefined)) return
  // The answer would be the same, and a time-out would only be waited for once more.
  if (before.some(({ cannot, hasTimedOut }) => cannot !== undefined || hasTimedOut)) return
  const result = await runner.run(peer, {
    kind: workload.kind,
    size: isQuick ? workload.quickSize : workload.size,
    warmUp: isQuick ? undefined : workload.warmUp,
    timeoutMs: timeoutMs * (workload.patience ?? 1),
  })
  results.add({ type: 'run', round, workload: workload.id, peer: peer.id, ...result })
  console.log(`${round} ${workload.id.padEnd(9)} ${peer.id.padEnd(17)} ${summary(workload, result)}`)
}

function summary({ figures }, { outcome, cannot, failure, said, tookMs }) {
  if (cannot !== undefined) return `cannot: ${cannot}`
  if (failure !== undefined) return `FAILED: ${failure}\n${said ?? ''}`
  const values = figures.map(({ unit, of }) => `${of(outcome).toFixed(2)} ${unit}`)
  return `${values.join(', ')} (${(tookMs / 1_000).toFixed(1)} s)`
}

async function runSoak({ soakMs }, results, runner) {
  const peer = peers.find(({ id }) => id === 'tunacorn')
  const everyMs = Math.min(10_000, soakMs / 6)
  const size = { durationMs: soakMs, everyMs }
  const result = await runner.run(peer, { kind: 'soak', size, timeoutMs: 1.5 * soakMs + 120_000 })
  if (result.failure !== undefined)
    throw new Error(`Expected the soak to go on, but: ${result.failure}\n${result.said ?? ''}`)
  results.add({ type: 'soak', at: new Date().toISOString(), ...result })
}
