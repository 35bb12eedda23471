import type { Overview, ProcessState } from '@tunacorn/protocol'
import { useState } from 'preact/hooks'
import { hrefOf } from '../route.js'
import { OverviewStore } from '../stores/overview-store.js'
import { nowMs } from '../stores/clock.js'
import { useStore } from '../stores/use-store.js'
import { StateIcon, stateWords } from '../parts/state-icon.js'
import { Duration, Time } from '../parts/time.js'
import { useTitle } from '../parts/use-title.js'
import { Empty, ProblemBox } from '../parts/problem.js'
import { Throughput } from '../overview/throughput.js'
import { Troubles } from '../overview/troubles.js'

const states = ['running', 'paused', 'failed', 'cancelled'] as const

export function OverviewPage() {
  const store = useStore(() => new OverviewStore())
  const overview = store.overview.value
  useTitle('Overview')
  return (
    <>
      <div class="page-head">
        <h1>Overview</h1>
      </div>
      <ProblemBox text={store.problem.value} />
      {overview !== undefined && (
        <>
          <Counts overview={overview} />
          <Troubles overview={overview} failed={store.failed.value} nowMs={nowMs.value} />
          <div class="columns">
            <section aria-labelledby="board-heading">
              <h2 id="board-heading">On the board</h2>
              <Board overview={overview} />
              {overview.isPartial && <p class="hint">There is more on the board than was counted.</p>}
            </section>
            <div>
              <section aria-labelledby="throughput-heading">
                <h2 id="throughput-heading">Ended in the last hour</h2>
                <Throughput minutes={overview.throughput} at={overview.at} />
              </section>
              <section aria-labelledby="workers-heading">
                <h2 id="workers-heading">Workers</h2>
                <Workers overview={overview} />
              </section>
            </div>
          </div>
        </>
      )}
    </>
  )
}

function Counts({ overview: { processes, throughput } }: { overview: Overview }) {
  const completed = throughput.reduce((sum, minute) => sum + minute.completed, 0)
  return (
    <ul class="counts" aria-label="Processes by state">
      {states.map((state) => (
        <Count
          key={state}
          state={state}
          count={processes[state]}
          words={stateWords[state]}
          href={hrefOf(['processes'], { state })}
        />
      ))}
      <Count state="completed" count={completed} words="Completed within the hour" />
    </ul>
  )
}

interface CountProps {
  readonly state: ProcessState
  readonly count: number
  readonly words: string
  /** Where they are all to be seen; absent where no list shows just these. */
  readonly href?: string
}

function Count({ state, count, words, href }: CountProps) {
  const name = `count ${count === 0 ? 'is-none' : ''}`
  const content = (
    <>
      <span class="count-number">{count.toLocaleString('en')}</span>
      <span class="count-name">
        <StateIcon state={state} />
        {words}
      </span>
    </>
  )
  return (
    <li>
      {href === undefined ? (
        <span class={name}>{content}</span>
      ) : (
        <a class={name} href={href}>
          {content}
        </a>
      )}
    </li>
  )
}

const namesAtFirst = 25

function Board({ overview: { tasks } }: { overview: Overview }) {
  const [isWhole, setWhole] = useState(false)
  if (tasks.length === 0) return <Empty>Nothing waits, and nothing is being worked on.</Empty>
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col" class="amount">
              Waiting
            </th>
            <th scope="col" class="amount">
              Worked on
            </th>
            <th scope="col" class="amount">
              Retrying
            </th>
            <th scope="col" class="wide-only">
              Oldest waits for
            </th>
            <th scope="col" class="wide-only">
              Last asked for
            </th>
          </tr>
        </thead>
        <tbody>
          {(isWhole ? tasks : tasks.slice(0, namesAtFirst)).map(
            ({ name, waiting, delayed, claimed, lapsed, retrying, paused, waitingSince, lastPolledAt }) => (
              <tr key={name}>
                <th scope="row" class="name">
                  <a href={hrefOf(['tasks'], { name })}>{name}</a>
                  {paused > 0 && <span class="faint"> {amount(paused)} paused</span>}
                  <span class="under not-wide">
                    {waitingSince !== undefined && (
                      <>
                        oldest <Duration from={waitingSince} /> ·{' '}
                      </>
                    )}
                    last asked {lastPolledAt === undefined ? 'never' : <Time at={lastPolledAt} />}
                  </span>
                </th>
                <td class="amount">{amount(waiting + delayed)}</td>
                <td class="amount">{amount(claimed + lapsed)}</td>
                <td class="amount">{amount(retrying)}</td>
                <td class="wide-only">
                  {waitingSince === undefined ? <None /> : <Duration from={waitingSince} />}
                </td>
                <td class="wide-only">
                  {lastPolledAt === undefined ? <None word="never" /> : <Time at={lastPolledAt} />}
                </td>
              </tr>
            ),
          )}
        </tbody>
      </table>
      {tasks.length > namesAtFirst && !isWhole && (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          Show all {tasks.length.toLocaleString('en')} names
        </button>
      )}
    </div>
  )
}

function Workers({ overview: { workers } }: { overview: Overview }) {
  if (workers.length === 0) return <Empty>No worker has been seen lately.</Empty>
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">Worker</th>
            <th scope="col" class="amount">
              Holds
            </th>
            <th scope="col">Last seen</th>
          </tr>
        </thead>
        <tbody>
          {workers.map(({ worker, claimed, lastSeenAt }) => (
            <tr key={worker}>
              <th scope="row" class="name">
                {worker}
              </th>
              <td class="amount">{amount(claimed)}</td>
              <td>
                <Time at={lastSeenAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function amount(count: number) {
  return count === 0 ? <span class="faint">0</span> : count.toLocaleString('en')
}

function None({ word = '–' }: { word?: string }) {
  return <span class="faint">{word}</span>
}
