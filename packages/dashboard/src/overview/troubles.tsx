import type { Overview, ProcessSummary } from '@tunacorn/protocol'
import { useState } from 'preact/hooks'
import { StateIcon } from '../parts/state-icon.js'
import { Duration, Time } from '../parts/time.js'
import { hrefOf } from '../route.js'
import { countWords } from '../words.js'
import { findTroubles, troubleKinds, type Trouble } from './find-troubles.js'

interface TroublesProps {
  readonly overview: Overview
  readonly failed: readonly ProcessSummary[]
  readonly nowMs: number
}

/** Of each kind, so that none hides another. */
const mostOfAKind = 5

const words: Record<Trouble['kind'], (processes: string) => string> = {
  unasked: (processes) => `waits in ${processes}, and no worker asks for it`,
  lapsed: (processes) => `is held by a worker that is silent, in ${processes}`,
  retrying: (processes) => `is failing and will be retried, in ${processes}`,
}

const manyWords: Record<Trouble['kind'], string> = {
  unasked: 'wait, and no worker asks for them',
  lapsed: 'are held by workers that are silent',
  retrying: 'are failing and will be retried',
}

const moreWords: Record<Trouble['kind'], string> = {
  unasked: 'that no worker asks for',
  lapsed: 'whose worker is silent',
  retrying: 'failing',
}

/** Which part of the board shows it. */
const stateOf = { unasked: 'scheduled', lapsed: 'claimed', retrying: 'scheduled' } as const

/** Problems first, and of them what has failed for good. */
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
          {troubleKinds.map((kind) => (
            <OfAKind key={kind} kind={kind} troubles={troubles.filter((trouble) => trouble.kind === kind)} />
          ))}
        </ul>
      )}
    </section>
  )
}

function OfAKind({ kind, troubles }: { kind: Trouble['kind']; troubles: readonly Trouble[] }) {
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? troubles : troubles.slice(0, mostOfAKind)
  const hidden = troubles.slice(shown.length).reduce((sum, { tasks }) => sum + tasks.length, 0)
  return (
    <>
      {shown.map((trouble) => (
        <li key={trouble.name}>
          <StateIcon state={kind === 'retrying' ? 'retrying' : 'lapsed'} />
          <TroubleWords trouble={trouble} />
        </li>
      ))}
      {hidden > 0 && (
        <li class="more">
          <button type="button" class="link" onClick={() => setWhole(true)}>
            {countWords(hidden, 'more task name')} {moreWords[kind]}
          </button>
        </li>
      )}
    </>
  )
}

function TroubleWords({ trouble: { kind, name, tasks, count, waitingSince } }: { trouble: Trouble }) {
  const since = kind === 'unasked' && waitingSince !== undefined && (
    <span class="faint">
      {' '}
      · for <Duration from={waitingSince} />
    </span>
  )
  const link = (of: string) => (
    <a data-row href={hrefOf(['tasks'], { name: of, state: stateOf[kind] })}>
      {of}
    </a>
  )
  if (tasks.length === 1) {
    return (
      <span>
        {link(name)} {words[kind](countWords(count, 'process', 'processes'))}
        {since}
      </span>
    )
  }
  return (
    <details>
      <summary data-row>
        {countWords(count, 'task')} named <b>{name} …</b> {manyWords[kind]}
        {since}
      </summary>
      <p class="alike">{tasks.map((task) => link(task.name))}</p>
    </details>
  )
}
