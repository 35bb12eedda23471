import { useMemo, useState } from 'preact/hooks'
import { Empty } from '../parts/problem.js'
import { StateBadge } from '../parts/state-icon.js'
import { Time } from '../parts/time.js'
import { countWords } from '../words.js'
import type { TaskRun } from './task-run.js'

const rowsAtOnce = 100
/** Beyond so many rows the table scrolls by itself, lest what comes after it be far away. */
const mostWithoutScroll = 50

interface TaskTableProps {
  readonly runs: readonly TaskRun[]
  /** Only these; all when absent. */
  readonly members: ReadonlySet<number> | undefined
  readonly onAll: () => void
  readonly openTask: number | undefined
  readonly onOpen: (index: number) => void
}

/** All that the graph shows, in words. */
export function TaskTable({ runs, members, onAll, openTask, onOpen }: TaskTableProps) {
  const [sought, setSought] = useState('')
  const [shownRows, setShownRows] = useState(rowsAtOnce)
  const found = useMemo(() => {
    const text = sought.toLowerCase()
    return runs.filter(
      ({ index, name }) => (members === undefined || members.has(index)) && name.toLowerCase().includes(text),
    )
  }, [runs, members, sought])
  const isLong = found.length > mostWithoutScroll
  return (
    <>
      <div class="section-head">
        <h2 id="tasks-heading">Tasks</h2>
        {members !== undefined && (
          <button type="button" class="quiet" onClick={onAll}>
            {countWords(members.size, 'task')} of a group · show all
          </button>
        )}
        {runs.length > 10 && (
          <input
            type="search"
            class="seek"
            aria-label="Find tasks by name"
            placeholder="Find by name"
            value={sought}
            onInput={(event) => setSought(event.currentTarget.value)}
          />
        )}
      </div>
      {found.length === 0 ? (
        <Empty>No task has such a name.</Empty>
      ) : (
        <div
          class={isLong ? 'table-frame is-long' : 'table-frame'}
          {...(isLong && { role: 'group', tabIndex: 0, 'aria-labelledby': 'tasks-heading' })}
        >
          <table class="tasks">
            <thead>
              <tr>
                <th scope="col">Task</th>
                <th scope="col">State</th>
                <th scope="col" class="amount roomy-only">
                  Attempts
                </th>
                <th scope="col" class="wide-only">
                  Worker
                </th>
                <th scope="col" class="wide-only">
                  Needs
                </th>
                <th scope="col" class="wide-only">
                  Last change
                </th>
              </tr>
            </thead>
            <tbody>
              {found.slice(0, shownRows).map((run) => (
                <Row key={run.index} run={run} isOpen={run.index === openTask} onOpen={onOpen} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.length > shownRows && (
        <button type="button" class="quiet" onClick={() => setShownRows(shownRows + 10 * rowsAtOnce)}>
          Show more of {countWords(found.length, 'task')}
        </button>
      )}
    </>
  )
}

interface RowProps {
  readonly run: TaskRun
  readonly isOpen: boolean
  readonly onOpen: (index: number) => void
}

function Row({ run, isOpen, onOpen }: RowProps) {
  const { index, name, look, attempts, needs, board } = run
  const last = attempts.at(-1)
  const tried = attempts.filter(({ outcome }) => outcome !== 'waiting').length
  const changedMs = last?.endedAtMs ?? last?.claimedAtMs ?? last?.scheduledAtMs
  const changed = changedMs !== undefined && <Time at={new Date(changedMs).toISOString()} />
  const worker = board?.worker ?? last?.worker
  return (
    <tr class={isOpen ? 'is-open' : ''}>
      <th scope="row" class="name">
        <button type="button" class="link" data-row onClick={() => onOpen(index)}>
          {name}
        </button>
        {/* What there is no room for beside it. */}
        <span class="under not-wide">
          {tried > 0 && <span class="narrow-only">{countWords(tried, 'attempt')}</span>}
          {worker !== undefined && <span>{worker}</span>}
          {needs.length > 0 && <span>needs {needsWords(needs)}</span>}
          {changed && <span>{changed}</span>}
        </span>
      </th>
      <td>
        <StateBadge state={look} />
      </td>
      <td class="amount roomy-only">{tried === 0 ? <span class="faint">0</span> : tried}</td>
      <td class="wide-only worker">{worker ?? <span class="faint">–</span>}</td>
      <td class="wide-only needs">{needs.length === 0 ? <span class="faint">–</span> : needsWords(needs)}</td>
      <td class="wide-only">{changed || <span class="faint">–</span>}</td>
    </tr>
  )
}

function needsWords(needs: readonly string[]): string {
  return needs.length <= 3 ? needs.join(', ') : `${needs.slice(0, 2).join(', ')} and ${needs.length - 2} more`
}
