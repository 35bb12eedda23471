import type { Process } from '@tunacorn/protocol'
import { useLayoutEffect, useState } from 'preact/hooks'
import { ErrorView } from '../parts/error-view.js'
import { JsonView } from '../parts/json-view.js'
import { ProblemBox } from '../parts/problem.js'
import { ProcessActions } from '../parts/process-actions.js'
import { ProgressBar } from '../parts/progress-bar.js'
import { StateBadge, stateWords } from '../parts/state-icon.js'
import { Duration, Time } from '../parts/time.js'
import { useTitle } from '../parts/use-title.js'
import { causeWords } from '../process/cause-words.js'
import { HistoryList } from '../process/history-list.js'
import { ProcessGraph } from '../process/process-graph.js'
import { standingOf } from '../process/standing.js'
import { TaskDrawer } from '../process/task-drawer.js'
import type { TaskRun } from '../process/task-run.js'
import { TaskTable } from '../process/task-table.js'
import { TimelineView } from '../process/timeline-view.js'
import { hrefOf } from '../route.js'
import { closeBeside, openBeside } from '../stores/navigation.js'
import { isConnected } from '../stores/polling.js'
import { ProcessStore } from '../stores/process-store.js'
import { useStore } from '../stores/use-store.js'

/** Beyond so many tasks a page is so long that one wants to jump. */
const mostWithoutJumps = 50
/** Beyond so many tasks the table, which can be searched, comes before the graph. */
const mostForGraphFirst = 300

interface ProcessPageProps {
  readonly id: string
  /** The task that is looked at closely, by its place. */
  readonly task: string | undefined
}

export function ProcessPage({ id, task = '' }: ProcessPageProps) {
  const store = useStore(() => new ProcessStore(id), id)
  const [members, setMembers] = useState<ReadonlySet<number>>()
  const process = store.process.value
  const definition = store.definition.value
  const runs = store.runs.value
  const open = /^\d+$/.test(task) ? Number(task) : undefined
  useLayoutEffect(() => store.lookAt(open), [store, open])
  useTitle(process === undefined ? 'Process' : nameOf(process), process && stateWords[process.state])
  if (process === undefined || definition === undefined) {
    return (
      <>
        <h1>Process</h1>
        <ProblemBox text={store.problem.value} />
      </>
    )
  }
  const openTask = (index: number) => openBeside(hrefOf(['processes', id], { task: String(index) }))
  const openMembers = (indexes: readonly number[]) => {
    const [only, ...others] = indexes
    if (others.length > 0) setMembers(new Set(indexes))
    else if (only !== undefined) openTask(only)
  }
  const graph = (
    <section key="graph" aria-labelledby="graph-heading">
      <h2 id="graph-heading">Graph</h2>
      <ProcessGraph definition={definition} runs={runs} openTask={open} onOpen={openMembers} />
    </section>
  )
  const table = (
    <section key="table" aria-labelledby="tasks-heading">
      <TaskTable
        runs={runs}
        members={members}
        onAll={() => setMembers(undefined)}
        onOpen={openTask}
        openTask={open}
      />
    </section>
  )
  const isTableFirst = runs.length > mostForGraphFirst
  const run = open === undefined ? undefined : runs[open]
  return (
    <div class={run === undefined ? 'process' : 'process has-drawer'}>
      <ProcessHead process={process} store={store} />
      <ProblemBox text={store.problem.value} />
      {runs.length > mostWithoutJumps && <Jumps isTableFirst={isTableFirst} />}
      {isTableFirst ? [table, graph] : [graph]}
      <section aria-labelledby="timeline-heading">
        <h2 id="timeline-heading">Attempts</h2>
        <TimelineView process={process} runs={runs} onOpen={openTask} />
      </section>
      {!isTableFirst && table}
      <section aria-labelledby="history-heading">
        <h2 id="history-heading">History</h2>
        <HistoryList
          events={store.events.value}
          isEnded={process.endedAt !== undefined}
          isLive={process.endedAt === undefined && store.isFollowed.value && isConnected.value}
        />
      </section>
      {run !== undefined && (
        <TaskDrawer
          key={run.index}
          run={run}
          runs={runs}
          explanation={store.explanation.value?.tasks.find((one) => one.task === run.id)}
          onOpen={openTask}
          onClose={() => closeBeside(hrefOf(['processes', id]))}
          process={process}
        />
      )}
    </div>
  )
}

const parts = {
  tasks: 'Tasks',
  graph: 'Graph',
  timeline: 'Attempts',
  history: 'History',
}

/** The fragment is the route's: it cannot also say where on the page to go. */
function Jumps({ isTableFirst }: { isTableFirst: boolean }) {
  const order = isTableFirst
    ? (['tasks', 'graph', 'timeline', 'history'] as const)
    : (['graph', 'timeline', 'tasks', 'history'] as const)
  return (
    <nav class="jumps" aria-label="On this page">
      {order.map((part) => (
        <button key={part} type="button" class="link" onClick={() => jumpTo(`${part}-heading`)}>
          {parts[part]}
        </button>
      ))}
    </nav>
  )
}

function jumpTo(id: string): void {
  const heading = document.getElementById(id)
  if (heading === null) return
  heading.scrollIntoView()
  heading.tabIndex = -1
  heading.focus({ preventScroll: true })
}

function ProcessHead({ process, store }: { process: Process; store: ProcessStore }) {
  const { definition, definitionVersion, key, state, endedAt } = process
  return (
    <>
      <p class="crumbs">
        <a href={hrefOf(['processes'])}>Processes</a>
        <span aria-hidden="true">/</span>
        <a href={hrefOf(['processes'], { definition })}>{definition}</a>
      </p>
      <div class="page-head">
        <h1>
          {definition}
          {key !== undefined && <span class="h1-key"> {key}</span>}
        </h1>
        <ProcessActions processes={[process]} onDone={() => store.refresh()} />
      </div>
      <dl class="facts">
        <div>
          <dt>State</dt>
          <dd>
            <StateBadge state={state} />
          </dd>
        </div>
        <div>
          <dt>Tasks</dt>
          <dd>
            <ProgressBar process={process} />
          </dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>
            <Time at={process.startedAt} />
          </dd>
        </div>
        <div>
          <dt>{endedAt === undefined ? 'Runs for' : 'Took'}</dt>
          <dd>
            <Duration from={process.startedAt} to={endedAt} />
          </dd>
        </div>
        {endedAt === undefined && (
          <div>
            <dt>Ends at the latest</dt>
            <dd>
              <Time at={process.deadline} />
            </dd>
          </div>
        )}
        <div>
          <dt>Version</dt>
          <dd>
            <a href={hrefOf(['definitions', definition], { version: String(definitionVersion) })}>
              {definitionVersion}
            </a>
          </dd>
        </div>
        <div>
          <dt>Id</dt>
          <dd>
            <code>{process.id}</code>
          </dd>
        </div>
      </dl>
      <Ending process={process} runs={store.runs.value} />
      {process.input !== undefined && (
        <details class="input">
          <summary>Input</summary>
          <JsonView value={process.input} label="Input of the process" />
        </details>
      )}
    </>
  )
}

/** How it ended, or why it has not. */
function Ending({ process, runs }: { process: Process; runs: readonly TaskRun[] }) {
  const { state, failedTask, cause, timedOut, error, by, reason, failureOf, failureProcess } = process
  return (
    <div class={`ending is-${state}`}>
      {process.endedAt === undefined && <p>{standingOf(runs)}</p>}
      {failedTask !== undefined && (
        <p>
          It failed with <b>{failedTask}</b>
          {cause !== undefined && cause !== 'reported' && `: ${causeWords[cause]}`}.
        </p>
      )}
      {timedOut === true && <p>It failed because its time was up.</p>}
      {state === 'cancelled' && (
        <p>
          It was cancelled{by !== undefined && ` by ${by}`}
          {reason !== undefined && `: ${reason}`}
        </p>
      )}
      {error !== undefined && <ErrorView error={error} label="Error" />}
      {failureOf !== undefined && (
        <p>
          It cleans up after <a href={hrefOf(['processes', failureOf])}>another process</a>.
        </p>
      )}
      {failureProcess !== undefined && (
        <p>
          <a href={hrefOf(['processes', failureProcess])}>Another process</a> cleans up after it.
        </p>
      )}
    </div>
  )
}

/** Its key, or the end of its id, tells a process from others of its definition. */
function nameOf({ definition, key, id }: Process): string {
  return `${definition} ${key ?? id.slice(-6)}`
}
