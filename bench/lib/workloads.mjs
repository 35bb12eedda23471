import { percentile } from './statistics.mjs'

/**
 * What is measured. Every handler is trivial and returns `{ ok: true, n: … }`.
 *
 * @typedef {object} Figure
 * @property {string} unit
 * @property {(outcome: any) => number} of
 *
 * @typedef {object} Workload
 * @property {string} id
 * @property {string} title
 * @property {string} kind the method of a peer's session that runs it
 * @property {Record<string, unknown>} size
 * @property {Record<string, unknown>} quickSize so small that it only shows that everything runs
 * @property {Record<string, unknown>} [warmUp] the size at which it runs once before it counts: as large, where that does not
 *   take too long, since servers and workers run for days, and code that has run a few hundred times is not compiled yet
 * @property {number} [patience] how many times longer than others it may take
 * @property {readonly Figure[]} figures the first one is compared
 */

const perSecond = { unit: 'tasks/s', of: ({ tasks, elapsedMs }) => (tasks / elapsedMs) * 1_000 }
const startsPerSecond = { unit: 'starts/s', of: perSecond.of }
const seconds = { unit: 's', of: ({ elapsedMs }) => elapsedMs / 1_000 }

/** @type {readonly Workload[]} */
export const workloads = [
  {
    id: 'W1',
    title: '10,000 processes of one task, drained in batches',
    kind: 'flat',
    size: { tasks: 10_000 },
    quickSize: { tasks: 500 },
    warmUp: { tasks: 10_000 },
    figures: [perSecond],
  },
  {
    id: 'W1-single',
    title: '10,000 processes of one task, drained with one task per request',
    kind: 'flatSingle',
    size: { tasks: 10_000 },
    quickSize: { tasks: 300 },
    warmUp: { tasks: 10_000 },
    figures: [perSecond],
  },
  {
    id: 'W2',
    title: '200 processes, each a chain of 20 tasks',
    kind: 'chain',
    size: { processes: 200, steps: 20 },
    quickSize: { processes: 20, steps: 5 },
    warmUp: { processes: 200, steps: 20 },
    figures: [perSecond],
  },
  {
    id: 'W3',
    title: '20 processes 1 → 500 → 1, creation included',
    kind: 'fan',
    size: { processes: 20, width: 500 },
    quickSize: { processes: 3, width: 50 },
    warmUp: { processes: 20, width: 500 },
    figures: [perSecond],
  },
  fan('W3b', 5_000, 200),
  fan('W3c', 20_000, 400),
  // 100,000 tasks in all: the largest definition that TunaCorn takes.
  { ...fan('W3d', 99_998, 1_000), patience: 3 },
  {
    id: 'W4',
    title: 'idle system, chains of 10: from the end of one handler to the beginning of the next',
    kind: 'latency',
    size: { chains: 50, steps: 10, patienceMs: 40_000 },
    quickSize: { chains: 3, steps: 4, patienceMs: 10_000 },
    warmUp: { chains: 20, steps: 10, patienceMs: 40_000 },
    figures: [
      { unit: 'ms p50', of: ({ latenciesMs }) => percentile(latenciesMs, 0.5) },
      { unit: 'ms p99', of: ({ latenciesMs }) => percentile(latenciesMs, 0.99) },
    ],
  },
  {
    id: 'W5',
    title: 'starts, one request each, 32 at a time',
    kind: 'starts',
    size: { starts: 10_000, atOnce: 32 },
    quickSize: { starts: 300, atOnce: 32 },
    warmUp: { starts: 10_000, atOnce: 32 },
    figures: [startsPerSecond],
  },
  {
    id: 'W5-batch',
    title: 'starts in batches of 100, 8 at a time',
    kind: 'startsInBatches',
    size: { starts: 50_000, batch: 100, atOnce: 8 },
    quickSize: { starts: 1_000, batch: 100, atOnce: 8 },
    warmUp: { starts: 50_000, batch: 100, atOnce: 8 },
    figures: [startsPerSecond],
  },
  {
    id: 'W6',
    title: 'each graph of the corpus once, all at the same time',
    kind: 'corpus',
    size: { largest: 1_000_000 },
    quickSize: { largest: 250 },
    figures: [perSecond, seconds],
  },
  {
    id: 'W7',
    title: '1,000 idle workers beside W2',
    kind: 'crowd',
    size: { few: 10, many: 1_000, processes: 200, steps: 20, times: 3, watchMs: 15_000 },
    quickSize: { few: 2, many: 50, processes: 20, steps: 5, times: 1, watchMs: 3_000 },
    figures: [
      { unit: '% slower W2', of: ({ slowdown }) => slowdown * 100 },
      { unit: 'queries/s, few idle', of: ({ fewQueriesPerSecond }) => fewQueriesPerSecond },
      { unit: 'queries/s, all idle', of: ({ manyQueriesPerSecond }) => manyQueriesPerSecond },
    ],
  },
  {
    id: 'W8',
    title: 'claims per second with tasks waiting',
    kind: 'backlog',
    size: { waiting: [10_000, 100_000, 1_000_000], delayed: 100_000, singles: 2_000, batches: 40 },
    quickSize: { waiting: [1_000, 5_000], delayed: 1_000, singles: 100, batches: 5 },
    patience: 3,
    figures: [
      { unit: '× slowest one by one', of: ({ levels }) => spread(levels.map(({ single }) => single)) },
      { unit: '× slowest in batches', of: ({ levels }) => spread(levels.map(({ batched }) => batched)) },
    ],
  },
]

function fan(id, width, quickWidth) {
  return {
    id,
    title: `one process 1 → ${width.toLocaleString('en')} → 1, creation included`,
    kind: 'fan',
    size: { processes: 1, width },
    quickSize: { processes: 1, width: quickWidth },
    warmUp: { processes: 10, width: 500 },
    figures: [seconds, perSecond],
  }
}

/** How much slower the slowest is than the quickest. */
function spread(rates) {
  return Math.max(...rates) / Math.min(...rates)
}
