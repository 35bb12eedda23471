import { useState } from 'preact/hooks'
import { SourceView } from '../definition/source-view.js'
import { GraphView } from '../graph/graph-view.js'
import { ProblemBox } from '../parts/problem.js'
import { StartDialog } from '../parts/start-dialog.js'
import { Time } from '../parts/time.js'
import { useTitle } from '../parts/use-title.js'
import { hrefOf } from '../route.js'
import { defaultOf, DefinitionStore } from '../stores/definitions-store.js'
import { may } from '../stores/session.js'
import { useStore } from '../stores/use-store.js'

export function DefinitionPage({ name, version = '' }: { name: string; version: string | undefined }) {
  const store = useStore(
    () => new DefinitionStore(name, /^\d+$/.test(version) ? Number(version) : undefined),
    name,
    version,
  )
  const [isStarting, setStarting] = useState(false)
  const definition = store.definition.value
  const source = store.source.value
  useTitle(name, version && `Version ${version}`, 'Definition')
  return (
    <>
      <p class="crumbs">
        <a href={hrefOf(['definitions'])}>Definitions</a>
      </p>
      <div class="page-head">
        <h1>{name}</h1>
        <div class="actions">
          {definition !== undefined && (
            <a class="button" href={hrefOf(['edit', name], { version: String(definition.version) })}>
              {may('define') ? 'New version' : 'Check changes'}
            </a>
          )}
          {may('start') && definition !== undefined && (
            <button type="button" class="primary" onClick={() => setStarting(true)}>
              Start a process
            </button>
          )}
        </div>
      </div>
      <ProblemBox text={store.problem.value} />
      {definition?.description !== undefined && <p class="lead">{definition.description}</p>}
      {definition !== undefined && (
        <>
          <Versions store={store} name={name} shown={definition.version} />
          <section aria-labelledby="graph-heading">
            <h2 id="graph-heading">Graph</h2>
            <GraphView definition={definition} />
          </section>
          <div class="columns">
            <section aria-labelledby="source-heading">
              <h2 id="source-heading">Source</h2>
              {source !== undefined && <SourceView source={source} />}
            </section>
            <section aria-labelledby="tasks-heading">
              <h2 id="tasks-heading">Tasks</h2>
              <ul class="task-needs">
                {definition.tasks.slice(0, 500).map((task) => (
                  <li key={task.name}>
                    <b>{task.name}</b>
                    <span class="faint">
                      {task.needs.length === 0
                        ? 'needs nothing'
                        : `needs ${task.needs.slice(0, 5).join(', ')}`}
                      {task.needs.length > 5 && ` and ${task.needs.length - 5} more`}
                    </span>
                  </li>
                ))}
                {definition.tasks.length > 500 && (
                  <li class="faint">and {definition.tasks.length - 500} more</li>
                )}
              </ul>
            </section>
          </div>
        </>
      )}
      {isStarting && definition !== undefined && (
        <StartDialog definition={name} version={definition.version} onClose={() => setStarting(false)} />
      )}
    </>
  )
}

interface VersionsProps {
  readonly store: DefinitionStore
  readonly name: string
  readonly shown: number
}

function Versions({ store, name, shown }: VersionsProps) {
  const versions = store.versions.value
  const usual = defaultOf(versions)?.version
  return (
    <nav class="versions" aria-label="Versions">
      {versions.map(({ version, registeredAt }) => (
        <a
          key={version}
          href={hrefOf(['definitions', name], { version: String(version) })}
          aria-current={version === shown ? 'true' : undefined}
        >
          Version {version}
          {version === usual && <span class="tag">default</span>}
          <span class="under">
            <Time at={registeredAt} />
          </span>
        </a>
      ))}
    </nav>
  )
}
