import type { ProcessSummary } from '@tunacorn/protocol'
import { hrefOf } from '../route.js'
import type { ProcessesStore } from '../stores/processes-store.js'
import { may } from '../stores/session.js'
import { ProgressBar } from './progress-bar.js'
import { StateBadge } from './state-icon.js'
import { Duration, Time } from './time.js'

interface ProcessTableProps {
  readonly store: ProcessesStore
  readonly processes: readonly ProcessSummary[]
}

export function ProcessTable({ store, processes }: ProcessTableProps) {
  const canSelect = may('start')
  return (
    <div class="table-frame">
      <table class="processes">
        <caption class="hidden">Processes, newest first</caption>
        <thead>
          <tr>
            {canSelect && (
              <th scope="col" class="check-cell">
                <span class="hidden">Selected</span>
              </th>
            )}
            <th scope="col">Process</th>
            <th scope="col">State</th>
            <th scope="col" class="wide-only">
              Tasks
            </th>
            <th scope="col" class="roomy-only">
              Started
            </th>
            <th scope="col" class="wide-only">
              Duration
            </th>
          </tr>
        </thead>
        <tbody>
          {processes.map((process) => (
            <tr key={process.id}>
              {canSelect && (
                <td class="check-cell">
                  <input
                    type="checkbox"
                    aria-label={`Select ${nameOf(process)}`}
                    checked={store.selected.value.has(process.id)}
                    onChange={(event) => store.select(process.id, event.currentTarget.checked)}
                  />
                </td>
              )}
              <th scope="row" class="name">
                <a data-row href={hrefOf(['processes', process.id])}>
                  {process.definition}
                </a>
                <span class="under">
                  {process.key !== undefined && <span class="key">{process.key}</span>}
                  <code class="roomy-only">{process.id}</code>
                  <span class="narrow-only">
                    <Time at={process.startedAt} />
                  </span>
                </span>
              </th>
              <td>
                <StateBadge state={process.state} />
              </td>
              <td class="wide-only">
                <ProgressBar process={process} />
              </td>
              <td class="roomy-only">
                <Time at={process.startedAt} />
              </td>
              <td class="wide-only">
                <Duration from={process.startedAt} to={process.endedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function nameOf({ definition, key, id }: ProcessSummary): string {
  return `${definition} ${key ?? id}`
}
