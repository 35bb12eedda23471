import { goalRows, verdict } from './goal.mjs'
import { number, sparkline, table } from './markdown.mjs'
import { peers } from './peers.mjs'
import { median } from './statistics.mjs'
import { workloads } from './workloads.mjs'

const megabyte = 1_024 * 1_024
const gigabyte = 1_024 * megabyte
const mostSparks = 60

/** Title → its columns, as workload and which of its figures. */
const comparisons = {
  'Many processes': [column('W1'), column('W1-single'), column('W2'), column('W3'), column('W6')],
  'One large process': [column('W3b'), column('W3c'), column('W3d')],
  'Latency of a chain step': [column('W4', 0), column('W4', 1)],
  Starts: [column('W5'), column('W5-batch')],
}

/**
 * All tables, as Markdown.
 *
 * @param {import('./results.mjs').Results} results
 */
export function report(results) {
  const view = new View(results)
  const parts = [
    '# Results',
    `Written by \`pnpm bench\`, of ${roundsOf(results)}. Medians, and the smallest and largest in brackets. Everything ran on one machine: only ratios within one run count.`,
    results.isQuick ? 'Small sizes, to see that everything runs: these figures say nothing about speed.' : '',
    ...surroundings(results.machine),
    '## The goal',
    view.goal(),
    ...Object.entries(comparisons).flatMap(([title, columns]) => view.comparison(title, columns)),
    ...view.large(),
    ...view.crowd(),
    ...view.backlog(),
    ...view.failures(),
    '## What a peer cannot express',
    view.inexpressible(),
    '## How each was driven',
    list(peers.map(({ title, settings }) => `**${title}**: ${settings}.`)),
    ...soakPart(results.soak),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function column(workload, figure = 0) {
  return { workload: workloads.find(({ id }) => id === workload), figure }
}

function roundsOf({ runs }) {
  const rounds = new Set(runs.map(({ round }) => round)).size
  return rounds === 1 ? 'one round' : `${rounds} rounds`
}

function surroundings(machine) {
  if (machine === undefined) return []
  const { cpu, cores, memoryBytes, system, disk, nodes, tunacorn, packages, postgres, redis, at } = machine
  const lines = [
    `${at.slice(0, 10)}, TunaCorn ${tunacorn}, Node ${nodes.join(' and ')}`,
    `${cores} cores of ${cpu}, ${number(memoryBytes / gigabyte)} GB, ${system}`,
    `disk: ${disk.filesystem}, a page written and flushed in ${disk.syncP50Ms.toFixed(2)} ms (p99 ${disk.syncP99Ms.toFixed(2)} ms)`,
    `PostgreSQL ${settingsOf(postgres, 'server_version')}`,
    `Redis ${typeof redis === 'string' ? redis : settingsOf(redis, 'version')}`,
    Object.entries(packages)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ]
  return [list(lines)]
}

function settingsOf({ ...all }, version) {
  const others = Object.entries(all).filter(([name]) => name !== version)
  return `${all[version]} (${others.map(([name, value]) => `${name} ${value}`).join(', ')})`
}

function list(lines) {
  return lines.map((line) => `- ${line}`).join('\n')
}

/** What was measured, looked at in the ways that tables need. */
class View {
  #results

  constructor(results) {
    this.#results = results
  }

  goal() {
    const figures = {
      median: (peer, workload, figure = 0) => this.#median(peer, column(workload, figure)),
      medianOf: (pick, peer, workload) => medianOrNone(this.#outcomes(peer, workload).map(pick)),
      best: (workload, better) => this.#best(workload, better),
    }
    const rows = goalRows.map((goal) => {
      const value = goal.of(figures)
      const sign = goal.better === 'more' ? '≥' : '≤'
      const mark = (one) => `${sign} ${one.toLocaleString('en')} ${goal.unit}`
      const found = value === undefined ? '–' : `${number(value)} ${goal.unit}`
      return [goal.title, mark(goal.floor), mark(goal.goal), found, verdict(goal, value)]
    })
    return [
      table(['', 'not accepted below', 'the goal', 'TunaCorn', 'verdict'], rows),
      ...peers.filter(({ isHelped }) => isHelped === true).flatMap((peer) => this.#besideHelped(peer)),
    ].join('\n\n')
  }

  /** How TunaCorn compares with a peer that the goal is not held against. */
  #besideHelped({ id, title }) {
    const times = ['W2', 'W3', 'W3b', 'W3c', 'W3d'].flatMap((workload) => {
      const one = column(workload)
      const [ours, theirs] = [this.#median('tunacorn', one), this.#median(id, one)]
      if (ours === undefined || theirs === undefined) return []
      const isTime = one.workload.figures[0].unit === 's'
      return [`${workload} ${number(isTime ? theirs / ours : ours / theirs)} ×`]
    })
    if (times.length === 0) return []
    return [
      `Peers are taken as they come, with the best of their own settings. Beside ${title}: ${times.join(', ')}.`,
    ]
  }

  comparison(title, columns) {
    const asked = columns.filter(({ workload }) =>
      this.#results.runs.some((run) => run.workload === workload.id),
    )
    if (asked.length === 0) return []
    const seen = new Set(asked.map(({ workload }) => `${workload.id}: ${workload.title}`))
    const head = [
      '',
      ...asked.map(({ workload, figure }) => `${workload.id}, ${workload.figures[figure].unit}`),
    ]
    const rows = peers
      .filter(({ id }) => asked.some(({ workload }) => this.#results.of(id, workload.id).length > 0))
      .map((peer) => [peer.title, ...asked.map((one) => this.#cell(peer, one))])
    return [`## ${title}`, list([...seen]), table(head, rows)]
  }

  /** What only TunaCorn's server has. */
  large() {
    const rows = ['W3', 'W3b', 'W3c', 'W3d'].flatMap((id) => {
      const outcomes = this.#outcomes('tunacorn', id)
      if (outcomes.length === 0) return []
      const middle = (pick) => number(median(outcomes.map(pick)))
      return [
        [
          id,
          middle(({ elapsedMs, tasks }) => (elapsedMs / tasks) * 1_000),
          middle(({ registerMs }) => registerMs),
          middle(({ serverMemory }) => serverMemory.idleBytes / megabyte),
          middle(({ serverMemory }) => serverMemory.registeringBytes / megabyte),
          middle(({ serverMemory }) => serverMemory.registeredBytes / megabyte),
          middle(({ serverMemory }) => serverMemory.largestBytes / megabyte),
        ],
      ]
    })
    if (rows.length === 0) return []
    const head = [
      'TunaCorn over HTTP',
      'µs per task',
      'registering, ms',
      'server idle, MB',
      'registering, MB at most',
      'registered, MB',
      'running, MB at most',
    ]
    const note =
      'A definition is registered once, some seconds before its processes, and is not part of their time. A large one is read in a thread, whose memory Node 24 gives back 8 s later.'
    return ['## What a task costs TunaCorn', note, table(head, rows)]
  }

  crowd() {
    const outcomes = this.#outcomes('tunacorn', 'W7')
    if (outcomes.length === 0) return []
    const middle = (pick) => number(median(outcomes.map(pick)))
    const [{ few, many }] = outcomes
    const rows = [
      [`${few}`, middle((one) => one.fewQueriesPerSecond), middle((one) => one.aloneMs)],
      [`${many}`, middle((one) => one.manyQueriesPerSecond), middle((one) => one.crowdedMs)],
    ]
    return [
      `## W7: ${column('W7').workload.title}`,
      table(['idle workers', 'queries/s while idle', 'W2, ms'], rows),
    ]
  }

  backlog() {
    const outcomes = this.#outcomes('tunacorn', 'W8')
    if (outcomes.length === 0) return []
    const middle = (pick) => number(median(outcomes.map(pick)))
    const line = (title, pick) => [
      title,
      middle((one) => pick(one).single),
      middle((one) => pick(one).batched),
    ]
    const [{ levels, behindDelayed }] = outcomes
    const count = (value) => value.toLocaleString('en')
    const behind = `${count(behindDelayed.waiting)} behind ${count(behindDelayed.delayed)} delayed`
    const rows = [
      ...levels.map(({ waiting }, index) => line(count(waiting), (one) => one.levels[index])),
      line(`${behind} ones`, (one) => one.behindDelayed),
      line(`${behind} ones of higher priority`, (one) => one.behindUrgentDelayed),
    ]
    const note =
      'The rows are copied in bulk from one started process, then ANALYZE; autovacuum is on. The last line is beyond the goal.'
    const head = [
      'tasks waiting',
      'claims/s, one per call, 8 at a time',
      'claims/s, 100 per call, 4 at a time',
    ]
    return [`## W8: ${column('W8').workload.title}`, note, table(head, rows)]
  }

  failures() {
    const failed = this.#results.runs.filter(({ failure }) => failure !== undefined)
    if (failed.length === 0) return []
    const lines = failed.map(({ round, peer, workload, failure }) => {
      const { title } = peers.find(({ id }) => id === peer) ?? { title: peer }
      return `${title}, ${workload}, round ${round}: ${failure.split('\n')[0]}`
    })
    return ['## What went wrong', list(lines)]
  }

  inexpressible() {
    const lines = peers
      .filter(({ isFloor }) => isFloor !== true)
      .flatMap((peer) =>
        [...byReason(this.#cannot(peer))].map(
          ([why, ids]) => `**${peer.title}**, ${ids.join(', ')}: ${why}.`,
        ),
      )
    return list(lines)
  }

  /** What is known beforehand, and what came up. */
  #cannot({ id, cannot }) {
    const cameUp = this.#results.runs.filter((run) => run.peer === id && run.cannot !== undefined)
    return { ...cannot, ...Object.fromEntries(cameUp.map((run) => [run.workload, run.cannot])) }
  }

  #cell(peer, { workload, figure }) {
    if (this.#cannot(peer)[workload.id] !== undefined) return '–'
    const { id } = peer
    const values = this.#values(id, { workload, figure })
    if (values.length > 0) {
      const spread =
        values.length === 1 ? '' : ` (${number(Math.min(...values))}–${number(Math.max(...values))})`
      return `${number(median(values))}${spread}`
    }
    const runs = this.#results.of(id, workload.id)
    if (runs.length === 0) return ''
    const slow = runs.find(({ hasTimedOut }) => hasTimedOut)
    return slow === undefined ? 'failed' : `> ${number(slow.tookMs / 1_000)} s`
  }

  #best(workload, better) {
    const medians = peers
      .filter(({ isOurs, isFloor, isHelped }) => isOurs !== true && isFloor !== true && isHelped !== true)
      .map(({ id }) => this.#median(id, column(workload)))
      .filter((value) => value !== undefined)
    if (medians.length === 0) return undefined
    return better === 'more' ? Math.max(...medians) : Math.min(...medians)
  }

  #median(peer, one) {
    return medianOrNone(this.#values(peer, one))
  }

  #values(peer, { workload, figure }) {
    return this.#outcomes(peer, workload.id).map((outcome) => workload.figures[figure].of(outcome))
  }

  #outcomes(peer, workload) {
    return this.#results.of(peer, workload).flatMap(({ outcome }) => (outcome === undefined ? [] : [outcome]))
  }
}

function medianOrNone(values) {
  return values.length === 0 ? undefined : median(values)
}

function byReason(cannot) {
  const reasons = new Map()
  for (const [id, why] of Object.entries(cannot)) reasons.set(why, [...(reasons.get(why) ?? []), id])
  return reasons
}

function soakPart(soak) {
  if (soak === undefined) return []
  const { samples, tasks, started } = soak.outcome
  const halves = [samples.filter(({ isHeld }) => isHeld), samples.filter(({ isHeld }) => !isHeld)]
  const rows = halves
    .map(
      (half, index) =>
        [
          ['transaction held open', half],
          ['released', half],
        ][index],
    )
    .filter(([, half]) => half.length > 0)
    .map(([title, half]) => soakRow(title, half))
  const sparks = [
    ['tasks/s      ', samples.map(({ tasksPerSecond }) => tasksPerSecond)],
    ['dead tuples  ', samples.map((sample) => deadOf(sample))],
    ['server memory', samples.map(({ serverBytes }) => serverBytes)],
    ['worker memory', samples.map(({ workerBytes }) => workerBytes)],
  ].map(
    ([title, values]) =>
      `${title} ${sparkline(thinned(values))} at most ${number(Math.max(...values) / (/memory/.test(title) ? megabyte : 1))}${/memory/.test(title) ? ' MB' : ''}`,
  )
  const head = [
    '',
    'tasks/s, first',
    'median',
    'last',
    'dead tuples at most',
    'server MB at most',
    'worker MB at most',
    'oldest snapshot, s',
  ]
  return [
    '## Soak',
    `${samples.at(-1).seconds} s of chains of 20 and fans of 500: ${started.toLocaleString('en')} processes, ${tasks.toLocaleString('en')} tasks, all completed. During the first half a transaction held a snapshot, so that no dead row could be removed.`,
    table(head, rows),
    ['```', ...sparks, '```'].join('\n'),
    table(
      ['table', ...halves.map((_, index) => (index === 0 ? 'dead tuples at most, held' : 'released'))],
      Object.keys(samples[0].deadTuples)
        .toSorted()
        .map((name) => [
          name,
          ...halves.map((half) =>
            number(Math.max(0, ...half.map(({ deadTuples }) => deadTuples[name] ?? 0))),
          ),
        ]),
    ),
  ]
}

function soakRow(title, half) {
  const rates = half.map(({ tasksPerSecond }) => tasksPerSecond)
  const most = (pick) => number(Math.max(...half.map(pick)))
  return [
    title,
    number(rates[0]),
    number(median(rates)),
    number(rates.at(-1)),
    most(deadOf),
    most(({ serverBytes }) => serverBytes / megabyte),
    most(({ workerBytes }) => workerBytes / megabyte),
    most(({ oldestSnapshotSeconds }) => oldestSnapshotSeconds),
  ]
}

function deadOf({ deadTuples }) {
  return Object.values(deadTuples).reduce((sum, count) => sum + count, 0)
}

/** So many that they fit on a line. */
function thinned(values) {
  const step = Math.ceil(values.length / mostSparks)
  return values.filter((_, index) => index % step === 0)
}
