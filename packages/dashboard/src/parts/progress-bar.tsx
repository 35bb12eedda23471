import type { Process, ProcessSummary } from '@tunacorn/protocol'

/** How many tasks have ended, of how many. */
export function ProgressBar({ process: { progress, state } }: { process: ProcessSummary | Process }) {
  const { finished, total, percent } = progress
  return (
    <span class="progress">
      <span class={`progress-track is-${state}`} aria-hidden="true">
        <span style={{ width: `${percent}%` }} />
      </span>
      <span class="number">
        {finished.toLocaleString('en')}
        <span class="faint"> / {total.toLocaleString('en')}</span>
      </span>
    </span>
  )
}
