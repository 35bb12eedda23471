import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { peers } from './peers.mjs'
import { workloads } from './workloads.mjs'

export const help = `Measures TunaCorn beside the queues and engines that its users would pick.

  pnpm bench [--rounds N] [--peers a,b] [--workloads W1,W2] [--quick] [--resume]
             [--timeout SECONDS] [--corpus DIR] [--data-dir DIR]
  pnpm bench --soak 30m
  pnpm bench --print

  --rounds N       how often everything is run, each peer once in each round; 3 when absent
  --peers a,b      only these: ${peers.map(({ id }) => id).join(', ')}
  --workloads a,b  only these: ${workloads.map(({ id }) => id).join(', ')}
                   (W1 means W1-single too, W5 means W5-batch too)
  --quick          small sizes, one round: shows that everything runs, and nothing else; RESULTS.md stays as it is
  --resume         goes on with what was measured before: runs only what is missing, up to --rounds
  --timeout S      how long one run may take; 180 when absent (W3d, W8: three times that)
  --soak TIME      30s, 30m, 2h: chains and fans for so long, a transaction held open during the first half
  --print          writes the tables anew from what was measured before
  --corpus DIR     definitions for W6; BENCH_CORPUS, or ../shared/corpus beside the repository, when absent
  --data-dir DIR   where the databases are kept while they are measured; the system's temporary directory when absent

Results are kept as JSON lines in bench/results.jsonl; without --resume, those from before move to
bench/results.previous.jsonl. Needs PostgreSQL and redis-server to be installed; everything else comes from npm.
`

/** Thrown for a command line that cannot be carried out. */
export class UsageError extends Error {}

/**
 * @param {readonly string[]} args
 * @param {string} root the repository's directory
 */
export function readCommandLine(args, root) {
  const values = parse(args)
  const isQuick = values.quick === true
  return {
    isHelp: values.help === true,
    isPrint: values.print === true,
    isQuick,
    isResumed: values.resume === true,
    rounds: wholeNumber('--rounds', values.rounds ?? (isQuick ? '1' : '3')),
    peers: chosen('--peers', peers, values.peers, (id, name) => id === name),
    workloads: chosen(
      '--workloads',
      workloads,
      values.workloads,
      (id, name) => id === name || id.startsWith(`${name}-`),
    ),
    timeoutMs: wholeNumber('--timeout', values.timeout ?? '180') * 1_000,
    soakMs: values.soak === undefined ? undefined : duration('--soak', values.soak),
    corpus: corpusFolder(values.corpus, root),
    dataDirectory: values['data-dir'] === undefined ? undefined : resolve(values['data-dir']),
  }
}

function parse(args) {
  const texts = ['rounds', 'peers', 'workloads', 'timeout', 'soak', 'corpus', 'data-dir']
  const flags = ['help', 'print', 'quick', 'resume']
  const options = Object.fromEntries([
    ...texts.map((name) => [name, { type: 'string' }]),
    ...flags.map((name) => [name, { type: 'boolean' }]),
  ])
  try {
    // `pnpm bench -- --quick` hands the dashes on.
    return parseArgs({ args: args.filter((arg) => arg !== '--'), options }).values
  } catch (error) {
    throw new UsageError(`${error.message}\nSee pnpm bench --help.`)
  }
}

function chosen(flag, all, text, isMeant) {
  if (text === undefined) return all
  const names = text.split(',').filter((name) => name !== '')
  const unknown = names.find((name) => !all.some(({ id }) => isMeant(id, name)))
  if (unknown === undefined && names.length > 0) {
    return all.filter(({ id }) => names.some((name) => isMeant(id, name)))
  }
  const known = all.map(({ id }) => id).join(', ')
  throw new UsageError(
    `Expected ${flag} to be some of ${known}, but found ${JSON.stringify(unknown ?? text)}.`,
  )
}

function wholeNumber(flag, text) {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new UsageError(`Expected ${flag} to be a whole number above 0, but found ${JSON.stringify(text)}.`)
}

function duration(flag, text) {
  const [, count, unit] = /^([1-9]\d{0,5})(s|m|h)$/.exec(text) ?? []
  if (count !== undefined) return Number(count) * { s: 1_000, m: 60_000, h: 3_600_000 }[unit]
  throw new UsageError(
    `Expected ${flag} to be a time such as 30s, 30m or 2h, but found ${JSON.stringify(text)}.`,
  )
}

function corpusFolder(given, root) {
  const folder = given ?? process.env.BENCH_CORPUS
  if (folder === undefined) {
    const beside = resolve(root, '../shared/corpus')
    return existsSync(beside) ? beside : undefined
  }
  if (existsSync(folder)) return resolve(folder)
  throw new UsageError(`Expected --corpus (BENCH_CORPUS) to be a folder, but there is no ${folder}.`)
}
