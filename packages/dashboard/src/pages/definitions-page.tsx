import { Empty, ProblemBox } from '../parts/problem.js'
import { Time } from '../parts/time.js'
import { useTitle } from '../parts/use-title.js'
import { hrefOf } from '../route.js'
import { DefinitionsStore } from '../stores/definitions-store.js'
import { may } from '../stores/session.js'
import { useStore } from '../stores/use-store.js'

export function DefinitionsPage({ cursor = '' }: { cursor: string | undefined }) {
  const store = useStore(() => new DefinitionsStore(cursor === '' ? undefined : cursor), cursor)
  const items = store.items.value
  useTitle('Definitions')
  const next = store.nextCursor.value
  return (
    <>
      <div class="page-head">
        <h1>Definitions</h1>
        <a class="button" href={hrefOf(['edit'])}>
          {may('define') ? 'Write a definition' : 'Check a definition'}
        </a>
      </div>
      <ProblemBox text={store.problem.value} />
      {items !== undefined && items.length === 0 && <Empty>No definition has been registered yet.</Empty>}
      {items !== undefined && items.length > 0 && (
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">Definition</th>
                <th scope="col" class="amount">
                  Version
                </th>
                <th scope="col" class="amount">
                  Tasks
                </th>
                <th scope="col" class="wide-only">
                  Registered
                </th>
                <th scope="col" class="wide-only">
                  <span class="hidden">Processes</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map(({ name, version, taskCount, registeredAt, description }) => (
                <tr key={name}>
                  <th scope="row" class="name">
                    <a data-row href={hrefOf(['definitions', name])}>
                      {name}
                    </a>
                    {description !== undefined && <span class="under">{description}</span>}
                  </th>
                  <td class="amount">{version}</td>
                  <td class="amount">{taskCount.toLocaleString('en')}</td>
                  <td class="wide-only">
                    <Time at={registeredAt} />
                  </td>
                  <td class="wide-only">
                    <a href={hrefOf(['processes'], { definition: name })}>Processes</a>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <nav class="paging" aria-label="Paging">
        {cursor !== '' && <a href={hrefOf(['definitions'])}>← First</a>}
        {next !== undefined && (
          <a class="next" href={hrefOf(['definitions'], { cursor: next })}>
            Next →
          </a>
        )}
      </nav>
    </>
  )
}
