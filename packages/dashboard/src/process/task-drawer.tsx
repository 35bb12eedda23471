import type { Process, TaskAttributes, TaskExplanation } from '@tunacorn/protocol'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { ErrorView } from '../parts/error-view.js'
import { JsonView } from '../parts/json-view.js'
import { StateBadge } from '../parts/state-icon.js'
import { Time, TimedText } from '../parts/time.js'
import { isConnected } from '../stores/polling.js'
import { client, messageOf } from '../stores/session.js'
import { durationWords } from '../words.js'
import { attemptName, outcomeWords } from './attempt-words.js'
import { causeWords } from './cause-words.js'
import type { Attempt, TaskRun } from './task-run.js'
import { whyEnded } from './why-ended.js'

interface TaskDrawerProps {
  readonly process: Process
  readonly run: TaskRun
  readonly runs: readonly TaskRun[]
  readonly explanation: TaskExplanation | undefined
  readonly onOpen: (index: number) => void
  readonly onClose: () => void
}

/** All that is known of one task, beside the page. Esc closes it. */
export function TaskDrawer({ process, run, runs, explanation, onOpen, onClose }: TaskDrawerProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  // Before anybody sees it: keys that are pressed at once belong to it.
  useLayoutEffect(() => {
    const before = document.activeElement
    heading.current?.focus()
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) onClose()
    }
    document.addEventListener('keydown', onKey)
    return () => {
      document.removeEventListener('keydown', onKey)
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  const { name, look, ending, attempts, needs, board } = run
  const needed = runs.filter((other) => needs.includes(other.name))
  // Of very many tasks the API explains the first ones only.
  const because =
    process.endedAt !== undefined
      ? undefined
      : (explanation?.because ?? (look === 'pending' ? waitsFor(needed) : undefined))
  const ended = whyEnded(process, run)
  const neededBy = runs.filter((other) => other.needs.includes(name))
  return (
    <aside class="drawer" aria-labelledby="drawer-heading">
      <header>
        <h2 id="drawer-heading" ref={heading} tabIndex={-1}>
          {name}
        </h2>
        <button type="button" class="quiet icon-button" aria-label="Close" onClick={onClose}>
          ×
        </button>
      </header>
      <p>
        <StateBadge state={look} />
      </p>
      {because !== undefined && (
        <div class={`why is-${look}`}>
          <h3>Why it is not done</h3>
          <p>
            It <TimedText text={because} />.
          </p>
        </div>
      )}
      {ended !== undefined && (
        <div class={`why is-${look}`}>
          <h3>Why it is not done</h3>
          <p>{ended}</p>
        </div>
      )}
      <Holder run={run} />
      {ending?.error !== undefined && (
        <Part title="Error">
          <ErrorView error={ending.error} label="Error of the task" />
        </Part>
      )}
      {ending?.output !== undefined && (
        <Part title="Output">
          <JsonView value={ending.output} label="Output of the task" />
        </Part>
      )}
      <Input id={run.id} isKnown={look !== 'pending'} />
      {attempts.length > 0 && (
        <Part title="Attempts">
          <ol class="attempts">
            {attempts.map((attempt, index) => (
              <AttemptView
                key={index}
                attempt={attempt}
                isPast={index < attempts.length - 1}
                claimableAt={board?.claimableAt}
              />
            ))}
          </ol>
        </Part>
      )}
      <TaskLinks title="Needs" runs={needed} onOpen={onOpen} />
      <TaskLinks title="Needed by" runs={neededBy} onOpen={onOpen} />
    </aside>
  )
}

function waitsFor(needed: readonly TaskRun[]): string {
  const open = needed.filter(({ look }) => look !== 'completed').map(({ name }) => `"${name}"`)
  return `waits for ${open.length <= 5 ? open.join(', ') : `${open.slice(0, 5).join(', ')} and ${open.length - 5} more`}`
}

function Part({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  )
}

function Holder({ run: { board, look } }: { run: TaskRun }) {
  if (board === undefined) return null
  const { worker, leaseExpiresAt, expiresAt, claimableAt, attempt, maxAttempts, state } = board
  const isHeld = state === 'claimed'
  return (
    <dl class="facts small">
      {isHeld && worker !== undefined && (
        <div>
          <dt>Held by</dt>
          <dd>{worker}</dd>
        </div>
      )}
      {isHeld && leaseExpiresAt !== undefined && (
        <div>
          <dt>{look === 'lapsed' ? 'Lease ended' : 'Lease ends'}</dt>
          <dd>
            <Time at={leaseExpiresAt} />
          </dd>
        </div>
      )}
      {!isHeld && claimableAt !== undefined && (
        <div>
          <dt>Can be claimed</dt>
          <dd>
            <Time at={claimableAt} />
          </dd>
        </div>
      )}
      {expiresAt !== undefined && (
        <div>
          <dt>Given up</dt>
          <dd>
            <Time at={expiresAt} />
          </dd>
        </div>
      )}
      <div>
        <dt>Handed out</dt>
        <dd class="number">
          {attempt ?? 0} of {maxAttempts ?? '?'} times
        </dd>
      </div>
    </dl>
  )
}

/** What a worker is given: the input of the process and what came before, put together. */
function Input({ id, isKnown }: { id: string; isKnown: boolean }) {
  const [attributes, setAttributes] = useState<TaskAttributes>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    if (!isKnown) return undefined
    const gone = new AbortController()
    setProblem(undefined)
    client.value.getTaskAttributes(id, { signal: gone.signal }).then(setAttributes, (error: unknown) => {
      if (!gone.signal.aborted) setProblem(messageOf(error))
    })
    return () => gone.abort()
    // Again with another key, and when the server is back.
  }, [id, isKnown, client.value, isConnected.value])
  if (!isKnown) return null
  return (
    <Part title="Input">
      {problem !== undefined && <p class="faint">{problem}</p>}
      {attributes !== undefined && <JsonView value={attributes.attributes} label="Input of the task" />}
    </Part>
  )
}

interface AttemptProps {
  readonly attempt: Attempt
  /** Whether there is another one after it. */
  readonly isPast: boolean
  readonly claimableAt: string | undefined
}

function AttemptView({ attempt, isPast, claimableAt }: AttemptProps) {
  const { number, round, outcome, worker, scheduledAtMs, claimedAtMs, endedAtMs, cause, error } = attempt
  const waitedMs =
    scheduledAtMs !== undefined && claimedAtMs !== undefined ? claimedAtMs - scheduledAtMs : undefined
  return (
    <li class={`is-${outcome}`}>
      <b class="number" aria-hidden="true">
        {number}
      </b>
      <div>
        <p>
          <span class={round === 0 ? 'hidden' : 'faint'}>{attemptName(attempt)}: </span>
          <span class="outcome">{outcomeWords[outcome]}</span>
          {worker !== undefined && ` · ${worker}`}
        </p>
        <p class="faint">
          {waitedMs !== undefined && `waited ${durationWords(waitedMs)}`}
          {claimedAtMs !== undefined &&
            endedAtMs !== undefined &&
            ` · worked ${durationWords(endedAtMs - claimedAtMs)}`}
          {outcome === 'waiting' && claimableAt !== undefined && (
            <>
              can be claimed <Time at={claimableAt} />
            </>
          )}
          {cause !== undefined && cause !== 'reported' && ` · ${causeWords[cause] ?? cause}`}
          {endedAtMs !== undefined && (
            <>
              {' '}
              · <Time at={new Date(endedAtMs).toISOString()} />
            </>
          )}
        </p>
        {error !== undefined && (outcome !== 'failed' || isPast) && (
          <ErrorView error={error} label={`Error: ${attemptName(attempt)}`} />
        )}
      </div>
    </li>
  )
}

const mostLinks = 30

interface TaskLinksProps {
  readonly title: string
  readonly runs: readonly TaskRun[]
  readonly onOpen: (index: number) => void
}

function TaskLinks({ title, runs, onOpen }: TaskLinksProps) {
  if (runs.length === 0) return null
  return (
    <Part title={title}>
      <ul class="task-links">
        {runs.slice(0, mostLinks).map(({ index, name, look }) => (
          <li key={index}>
            <button type="button" class="link" onClick={() => onOpen(index)}>
              {name}
            </button>
            <StateBadge state={look} />
          </li>
        ))}
        {runs.length > mostLinks && <li class="faint">and {runs.length - mostLinks} more</li>}
      </ul>
    </Part>
  )
}
