import type { Process, ProcessSummary } from '@tunacorn/protocol'

/** How many tasks are completed, of how many; what failed is no progress, and is said apart. */
export function ProgressBar({ process: { progress, state } }: { process: ProcessSummary | Process }) {
  const { finished, failed = 0, total } = progress
  const completed = finished - failed
  return (
    <span class="progress">
      <span class={`progress-track is-${state}`} aria-hidden="true">
        <span style={{ width: `${(completed / total) * 100}%` }} />
      </span>
      <span class="number">
        {completed.toLocaleString('en')}
        <span class="faint"> / {total.toLocaleString('en')}</span>
        {failed > 0 && ` · ${failed.toLocaleString('en')} failed`}
      </span>
    </span>
  )
}
