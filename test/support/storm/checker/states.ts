import type { StoredEvent } from './evidence.js'

export type State = 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'

const brings: Readonly<Record<string, State>> = {
  'process-started': 'running',
  'process-paused': 'paused',
  'process-resumed': 'running',
  'process-retried': 'running',
  'process-cancelled': 'cancelled',
  'process-timed-out': 'failed',
  'task-failed': 'failed',
}

/** The state of a process after each event of its history, the first one first. */
export function statesOf(events: readonly StoredEvent[], taskCount: number): State[] {
  let state: State = 'running'
  const completed = new Set<string>()
  return events.map(({ type, task }) => {
    if (type === 'task-completed' && task !== undefined) completed.add(task)
    const isWhole = type === 'task-completed' && completed.size === taskCount
    state = isWhole ? 'completed' : (brings[type] ?? state)
    return state
  })
}

export function isLive(state: State): boolean {
  return state === 'running' || state === 'paused'
}

/** From when until when a process was live, by the times of its events: again after it was retried. */
export function livesOf(events: readonly StoredEvent[], taskCount: number): Life[] {
  const states = statesOf(events, taskCount)
  const lives: Life[] = []
  for (const [place, { at, type }] of events.entries()) {
    const wasLive = place > 0 && isLive(states[place - 1] ?? 'running')
    const isNow = isLive(states[place] ?? 'running')
    const last = lives.at(-1)
    if (isNow && !wasLive) lives.push({ from: at, until: Infinity, isRetried: type === 'process-retried' })
    else if (!isNow && wasLive && last !== undefined) lives[lives.length - 1] = { ...last, until: at }
  }
  return lives
}

export interface Life {
  readonly from: number
  readonly until: number
  readonly isRetried: boolean
}
