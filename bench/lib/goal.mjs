/**
 * What the figures are held against. A ratio is one of medians of the same run; `floor` is what is not accepted below,
 * `goal` what is aimed at. Where less is better, both are upper bounds.
 *
 * @typedef {object} GoalRow
 * @property {string} title
 * @property {string} unit
 * @property {number} floor
 * @property {number} goal
 * @property {'more' | 'less'} better
 * @property {(figures: Figures) => number | undefined} of undefined when what it takes was not measured
 *
 * @typedef {object} Figures
 * @property {(peer: string, workload: string, figure?: number) => number | undefined} median
 * @property {(workload: string, better: 'more' | 'less') => number | undefined} best among the peers
 * @property {(pick: (outcome: any) => number, peer: string, workload: string) => number | undefined} medianOf
 */

const ours = 'tunacorn'
const megabyte = 1_024 * 1_024

/** @type {readonly GoalRow[]} */
export const goalRows = [
  moreThanBest('W1', 'W1 batched ÷ best peer', 0.9, 1.25),
  row('W1 one per request ÷ pg-boss', '×', 3, 5, 'more', ({ median }) =>
    ratio(median(ours, 'W1-single'), median('pg-boss', 'W1-single')),
  ),
  row('W2 ÷ BullMQ on Redis', '×', 1.2, 1.6, 'more', ({ median }) =>
    ratio(median(ours, 'W2'), median('bullmq-redis', 'W2')),
  ),
  moreThanBest('W3', 'W3 ÷ best peer', 2.5, 4),
  quickerThanBest('W3b', 2.5, 4),
  quickerThanBest('W3c', 2.5, 4),
  row('W4 p50 ÷ graphile-worker’s', '×', 2, 1, 'less', ({ median }) =>
    ratio(median(ours, 'W4', 0), median('graphile-worker', 'W4', 0)),
  ),
  row('W4 p99 ÷ p50', '×', 4, 4, 'less', ({ median }) => ratio(median(ours, 'W4', 1), median(ours, 'W4', 0))),
  row('growth: seconds per task, W3d ÷ W3b', '×', 1.3, 1.1, 'less', ({ median }) =>
    ratio(median(ours, 'W3b', 1), median(ours, 'W3d', 1)),
  ),
  row('server memory in W3d above idle', 'MB', 300, 300, 'less', ({ medianOf }) =>
    medianOf(
      ({ serverMemory: { largestBytes, idleBytes } }) => (largestBytes - idleBytes) / megabyte,
      ours,
      'W3d',
    ),
  ),
  row('W5 single', 'starts/s', 3_000, 5_000, 'more', ({ median }) => median(ours, 'W5')),
  row('W5 batched', 'starts/s', 20_000, 40_000, 'more', ({ median }) => median(ours, 'W5-batch')),
  // Two windows of counting never agree exactly.
  row('W7 idle queries, many ÷ few workers', '×', 1.25, 1.1, 'less', ({ median }) =>
    ratio(median(ours, 'W7', 2), median(ours, 'W7', 1)),
  ),
  row('W7 W2 loses', '%', 20, 5, 'less', ({ median }) => median(ours, 'W7', 0)),
  row('W8 quickest ÷ slowest, one by one', '×', 2, 1.2, 'less', ({ median }) => median(ours, 'W8', 0)),
  row('W8 quickest ÷ slowest, in batches', '×', 2, 1.2, 'less', ({ median }) => median(ours, 'W8', 1)),
  row('library in batches of 100 ÷ pgbench', '×', 0.55, 0.75, 'more', ({ median }) =>
    ratio(median('tunacorn-library', 'W1'), median('pgbench', 'W1')),
  ),
  ...['W1', 'W2', 'W3'].map((workload) =>
    row(`embedded ÷ PostgreSQL, ${workload}`, '×', 0.35, 0.6, 'more', ({ median }) =>
      ratio(median('tunacorn-embedded', workload), median(ours, workload)),
    ),
  ),
]

/** @param {GoalRow} goal */
export function verdict({ floor, goal, better }, value) {
  if (value === undefined) return 'not measured'
  const reaches = (mark) => (better === 'more' ? value >= mark : value <= mark)
  if (reaches(goal)) return 'met'
  return reaches(floor) ? 'above the floor' : 'below the floor'
}

function row(title, unit, floor, goal, better, of) {
  return { title, unit, floor, goal, better, of }
}

function moreThanBest(workload, title, floor, goal) {
  return row(title, '×', floor, goal, 'more', ({ median, best }) =>
    ratio(median(ours, workload), best(workload, 'more')),
  )
}

/** Figures in seconds: how many times quicker. */
function quickerThanBest(workload, floor, goal) {
  return row(`${workload} ÷ best peer`, '×', floor, goal, 'more', ({ median, best }) =>
    ratio(best(workload, 'less'), median(ours, workload)),
  )
}

function ratio(one, other) {
  return one === undefined || other === undefined ? undefined : one / other
}
