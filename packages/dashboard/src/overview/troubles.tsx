import type { Overview, ProcessSummary } from '@tunacorn/protocol'
import { StateIcon } from '../parts/state-icon.js'
import { Time } from '../parts/time.js'
import { hrefOf } from '../route.js'
import { countWords } from '../words.js'
import { findTroubles, type Trouble } from './find-troubles.js'

interface TroublesProps {
  readonly overview: Overview
  readonly failed: readonly ProcessSummary[]
  readonly nowMs: number
}

const mostTroubles = 8

const words: Record<Trouble['kind'], (processes: string) => string> = {
  unasked: (processes) => `waits in ${processes}, and no worker asks for it`,
  lapsed: (processes) => `is held by a worker that is silent, in ${processes}`,
  retrying: (processes) => `is failing and will be retried, in ${processes}`,
}

/** Problems first. */
export function Troubles({ overview, failed, nowMs }: TroublesProps) {
  const troubles = findTroubles(overview.tasks, nowMs)
  const more = overview.processes.failed - failed.length
  return (
    <section class="troubles" aria-labelledby="troubles-heading">
      <h2 id="troubles-heading">Needs a look</h2>
      {troubles.length + failed.length === 0 ? (
        <p class="all-well">
          <StateIcon state="completed" />
          Nothing has failed, nothing is failing, and every waiting task is asked for.
        </p>
      ) : (
        <ul>
          {troubles.slice(0, mostTroubles).map(({ kind, task, count }) => (
            <li key={`${kind} ${task.name}`}>
              <StateIcon state={kind === 'retrying' ? 'retrying' : 'lapsed'} />
              <span>
                <b>{task.name}</b> {words[kind](countWords(count, 'process', 'processes'))}
                {kind === 'unasked' && task.waitingSince !== undefined && (
                  <span class="faint">
                    {' '}
                    · waits since <Time at={task.waitingSince} />
                  </span>
                )}
              </span>
            </li>
          ))}
          {troubles.length > mostTroubles && (
            <li class="more faint">
              and {countWords(troubles.length - mostTroubles, 'more task')} like these
            </li>
          )}
          {failed.map((process) => (
            <li key={process.id}>
              <StateIcon state="failed" />
              <span>
                <a data-row href={hrefOf(['processes', process.id])}>
                  {process.definition}
                  {process.key !== undefined && ` · ${process.key}`}
                </a>{' '}
                failed{' '}
                {process.endedAt !== undefined && (
                  <span class="faint">
                    <Time at={process.endedAt} />
                  </span>
                )}
              </span>
            </li>
          ))}
          {more > 0 && (
            <li class="more">
              <a href={hrefOf(['processes'], { state: 'failed' })}>
                {countWords(more, 'more failed process', 'more failed processes')}
              </a>
            </li>
          )}
        </ul>
      )}
    </section>
  )
}
