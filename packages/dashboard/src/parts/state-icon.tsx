import type { Look } from '../process/task-run.js'

/** The states of processes and of tasks: each has a shape of its own, so that none is told by colour alone. */
export type Shown = Look | 'running'

const solid = <circle cx="8" cy="8" r="7" fill="currentColor" stroke="none" />
const ring = <circle cx="8" cy="8" r="6" />

const glyphs: Record<Shown, preact.ComponentChildren> = {
  pending: <circle cx="8" cy="8" r="6" stroke-dasharray="2.2 2.5" />,
  scheduled: ring,
  delayed: (
    <>
      {ring}
      <path d="M8 4.5V8l2.5 1.6" />
    </>
  ),
  claimed: (
    <>
      {ring}
      <circle cx="8" cy="8" r="3" fill="currentColor" stroke="none" />
    </>
  ),
  running: (
    <>
      {ring}
      <path d="M6.6 5.4v5.2L10.8 8z" fill="currentColor" stroke="none" />
    </>
  ),
  lapsed: (
    <>
      {ring}
      <path d="M8 4.6v4M8 10.6v.9" />
    </>
  ),
  retrying: (
    <>
      <path d="M13.4 6.3A5.8 5.8 0 1 0 13.8 9" />
      <path d="M14.2 2.6v4h-4" />
    </>
  ),
  paused: (
    <>
      {ring}
      <path d="M6.4 5.6v4.8M9.6 5.6v4.8" />
    </>
  ),
  completed: (
    <>
      {solid}
      <path class="cut" d="m4.8 8.3 2.2 2.2 4.2-4.6" />
    </>
  ),
  failed: (
    <>
      <path d="M8 .6 15.4 8 8 15.4.6 8z" fill="currentColor" stroke="none" />
      <path class="cut" d="m5.9 5.9 4.2 4.2m0-4.2-4.2 4.2" />
    </>
  ),
  cancelled: (
    <>
      {ring}
      <path d="m4 12 8-8" />
    </>
  ),
}

export const stateWords: Record<Shown, string> = {
  pending: 'Waits for others',
  scheduled: 'Waits for a worker',
  delayed: 'Waits for its time',
  claimed: 'Being worked on',
  running: 'Running',
  lapsed: 'Worker silent',
  retrying: 'Failing, will retry',
  paused: 'Paused',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

/** The shape alone; `x` and `y` place it in a drawing. */
export function StateIcon({ state, x, y }: { state: Shown; x?: number; y?: number }) {
  return (
    <svg
      class={`state-icon is-${state}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      x={x}
      y={y}
      aria-hidden="true"
    >
      {glyphs[state]}
    </svg>
  )
}

/** The shape and the word. */
export function StateBadge({ state }: { state: Shown }) {
  return (
    <span class={`state-badge is-${state}`}>
      <StateIcon state={state} />
      {stateWords[state]}
    </span>
  )
}
