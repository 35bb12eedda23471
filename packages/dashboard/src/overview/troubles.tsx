import type { Overview, ProcessSummary } from '@tunacorn/protocol'
import { useState } from 'preact/hooks'
import { StateIcon } from '../parts/state-icon.js'
import { Duration, Time } from '../parts/time.js'
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

/** Which part of the board shows it. */
const stateOf = { unasked: 'scheduled', lapsed: 'claimed', retrying: 'scheduled' } as const

/** Problems first. */
export function Troubles({ overview, failed, nowMs }: TroublesProps) {
  const [isWhole, setWhole] = useState(false)
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
          {(isWhole ? troubles : troubles.slice(0, mostTroubles)).map(({ kind, task, count }) => (
            <li key={`${kind} ${task.name}`}>
              <StateIcon state={kind === 'retrying' ? 'retrying' : 'lapsed'} />
              <span>
                <a data-row href={hrefOf(['tasks'], { name: task.name, state: stateOf[kind] })}>
                  {task.name}
                </a>{' '}
                {words[kind](countWords(count, 'process', 'processes'))}
                {kind === 'unasked' && task.waitingSince !== undefined && (
                  <span class="faint">
                    {' '}
                    · for <Duration from={task.waitingSince} />
                  </span>
                )}
              </span>
            </li>
          ))}
          {troubles.length > mostTroubles && !isWhole && (
            <li class="more">
              <button type="button" class="link" onClick={() => setWhole(true)}>
                {countWords(troubles.length - mostTroubles, 'more task')} like these
              </button>
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
