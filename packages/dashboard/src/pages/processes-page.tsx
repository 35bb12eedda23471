import type { ProcessState } from '@tunacorn/protocol'
import { useState } from 'preact/hooks'
import { Empty, ProblemBox } from '../parts/problem.js'
import { ProcessActions } from '../parts/process-actions.js'
import { ProcessTable } from '../parts/process-table.js'
import { StartDialog } from '../parts/start-dialog.js'
import { stateWords } from '../parts/state-icon.js'
import { useTitle } from '../parts/use-title.js'
import { hrefOf, type Route } from '../route.js'
import { replaceWith } from '../stores/navigation.js'
import { ProcessesStore } from '../stores/processes-store.js'
import { may } from '../stores/session.js'
import { useStore } from '../stores/use-store.js'
import { countWords } from '../words.js'

const states: readonly ProcessState[] = ['running', 'paused', 'failed', 'completed', 'cancelled']

export function ProcessesPage({ query }: { query: Route['query'] }) {
  const { state = '', definition = '', key = '', cursor = '' } = query
  const store = useStore(
    () =>
      new ProcessesStore(
        Object.fromEntries(
          Object.entries({ state, definition, key, cursor }).filter(([, value]) => value !== ''),
        ),
      ),
    state,
    definition,
    key,
    cursor,
  )
  const [isStarting, setStarting] = useState(false)
  useTitle(
    'Processes',
    states.includes(state as ProcessState) ? stateWords[state as ProcessState] : '',
    definition,
    key,
  )
  const page = store.page.value
  const selection = store.selection.value
  const filters = { state, definition, key }
  return (
    <>
      <div class="page-head">
        <h1>Processes</h1>
        {may('start') && (
          <button type="button" class="primary" onClick={() => setStarting(true)}>
            Start a process
          </button>
        )}
      </div>
      <div class="filters">
        <nav class="choices" aria-label="State">
          <a
            href={hrefOf(['processes'], { ...filters, state: '' })}
            aria-current={state === '' ? 'true' : undefined}
          >
            All
          </a>
          {states.map((one) => (
            <a
              key={one}
              href={hrefOf(['processes'], { ...filters, state: one })}
              aria-current={state === one ? 'true' : undefined}
            >
              {stateWords[one]}
            </a>
          ))}
        </nav>
        <form class="filter-fields" onSubmit={(event) => event.preventDefault()}>
          <Filter
            label="Definition"
            value={definition}
            onChange={(value) => filterBy({ ...filters, definition: value })}
          />
          <Filter label="Key" value={key} onChange={(value) => filterBy({ ...filters, key: value })} />
        </form>
      </div>
      <ProblemBox text={store.problem.value} />
      {page !== undefined && page.items.length === 0 && (
        <Empty>{emptyWords(Object.values(filters).some(Boolean))}</Empty>
      )}
      {page !== undefined && page.items.length > 0 && (
        <>
          {may('start') && (
            <div class={selection.length === 0 ? 'selection-bar faint' : 'selection-bar'}>
              <label class="check">
                <input
                  type="checkbox"
                  checked={selection.length === page.items.length}
                  indeterminate={selection.length > 0 && selection.length < page.items.length}
                  onChange={(event) => store.selectAll(event.currentTarget.checked)}
                />
                {selection.length === 0
                  ? 'Select all'
                  : `${countWords(selection.length, 'process', 'processes')} selected`}
              </label>
              <ProcessActions
                processes={selection}
                onDone={() => {
                  store.selectAll(false)
                  store.refresh()
                }}
              />
            </div>
          )}
          <ProcessTable store={store} processes={page.items} />
        </>
      )}
      <nav class="paging" aria-label="Paging">
        {cursor !== '' && <a href={hrefOf(['processes'], filters)}>← Newest</a>}
        {page?.nextCursor !== undefined && (
          <a class="next" href={hrefOf(['processes'], { ...filters, cursor: page.nextCursor })}>
            Older →
          </a>
        )}
      </nav>
      {isStarting && <StartDialog definition={definition} onClose={() => setStarting(false)} />}
    </>
  )
}

function filterBy(filters: Route['query']): void {
  replaceWith(hrefOf(['processes'], filters))
}

function emptyWords(isFiltered: boolean): string {
  return isFiltered ? 'No process is like this.' : 'No process has been started yet.'
}

interface FilterProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
}

/** Matches whole names, when they are entered. */
function Filter({ label, value, onChange }: FilterProps) {
  return (
    <label class="filter-field">
      <span>{label}</span>
      <input
        type="search"
        placeholder="any"
        maxLength={256}
        autocomplete="off"
        spellcheck={false}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
      />
    </label>
  )
}
