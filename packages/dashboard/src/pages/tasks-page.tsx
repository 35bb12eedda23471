import type { Task } from '@tunacorn/protocol'
import { Empty, ProblemBox } from '../parts/problem.js'
import { StateBadge } from '../parts/state-icon.js'
import { Time } from '../parts/time.js'
import { useTitle } from '../parts/use-title.js'
import { lookOnBoard } from '../process/task-run.js'
import { hrefOf, type Route } from '../route.js'
import { nowMs } from '../stores/clock.js'
import { TasksStore } from '../stores/tasks-store.js'
import { useStore } from '../stores/use-store.js'
import { countWords } from '../words.js'

/** Where a task of this name waits, and who holds it: process by process. */
export function TasksPage({ query }: { query: Route['query'] }) {
  const { name = '', state = '', cursor = '' } = query
  const store = useStore(
    () => new TasksStore({ name, ...(state !== '' && { state }), ...(cursor !== '' && { cursor }) }),
    name,
    state,
    cursor,
  )
  const page = store.page.value
  useTitle(name, 'On the board')
  return (
    <>
      <p class="crumbs">
        <a href={hrefOf([])}>Overview</a>
      </p>
      <div class="page-head">
        <h1>{name}</h1>
      </div>
      <div class="filters">
        <nav class="choices" aria-label="State">
          {(
            [
              ['', 'All'],
              ['scheduled', 'Waiting'],
              ['claimed', 'Held by a worker'],
            ] as const
          ).map(([one, words]) => (
            <a
              key={one}
              href={hrefOf(['tasks'], { name, state: one })}
              aria-current={state === one ? 'true' : undefined}
            >
              {words}
            </a>
          ))}
        </nav>
      </div>
      <ProblemBox text={store.problem.value} />
      {page !== undefined && page.items.length === 0 && <Empty>There is none on the board any more.</Empty>}
      {page !== undefined && page.items.length > 0 && (
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">Process</th>
                <th scope="col">State</th>
                <th scope="col" class="wide-only">
                  Worker
                </th>
                <th scope="col" class="amount wide-only">
                  Handed out
                </th>
                <th scope="col" class="roomy-only">
                  Since
                </th>
              </tr>
            </thead>
            <tbody>
              {page.items.map((task) => (
                <Row key={task.id} task={task} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <nav class="paging" aria-label="Paging">
        {cursor !== '' && <a href={hrefOf(['tasks'], { name, state })}>← First</a>}
        {page?.nextCursor !== undefined && (
          <a class="next" href={hrefOf(['tasks'], { name, state, cursor: page.nextCursor })}>
            Next →
          </a>
        )}
      </nav>
    </>
  )
}

function Row({ task }: { task: Task }) {
  const { id, process, definition, state, worker, attempt = 0, scheduledAt, claimedAt } = task
  const since = state === 'claimed' ? claimedAt : scheduledAt
  return (
    <tr>
      <th scope="row" class="name">
        <a data-row href={hrefOf(['processes', process], { task: id.slice(process.length + 1) })}>
          {definition}
        </a>
        <span class="under">
          <code class="roomy-only">{process}</code>
          <code class="narrow-only">…{process.slice(-6)}</code>
          {since !== undefined && (
            <span class="narrow-only">
              {' '}
              <Time at={since} />
            </span>
          )}
          <span class="not-wide">
            {' '}
            {worker !== undefined && `${worker} · `}handed out {countWords(attempt, 'time')}
          </span>
        </span>
      </th>
      <td>
        <StateBadge state={lookOnBoard(task, nowMs.value)} />
      </td>
      <td class="wide-only">{worker ?? <span class="faint">–</span>}</td>
      <td class="amount wide-only">{attempt}</td>
      <td class="roomy-only">{since !== undefined && <Time at={since} />}</td>
    </tr>
  )
}
