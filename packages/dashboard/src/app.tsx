import { useEffect, useRef } from 'preact/hooks'
import { KeyDialog } from './parts/key-dialog.js'
import { Notices } from './parts/notices.js'
import { useRowKeys } from './parts/use-row-keys.js'
import { useTitle } from './parts/use-title.js'
import { DefinitionPage } from './pages/definition-page.js'
import { DefinitionsPage } from './pages/definitions-page.js'
import { EditorPage } from './pages/editor-page.js'
import { OverviewPage } from './pages/overview-page.js'
import { ProcessPage } from './pages/process-page.js'
import { ProcessesPage } from './pages/processes-page.js'
import { TasksPage } from './pages/tasks-page.js'
import { isReadOnlyPage } from './place.js'
import { hrefOf, type Route } from './route.js'
import { route, topPx } from './stores/navigation.js'
import { isConnected } from './stores/polling.js'
import { forgetKey, hasKey, isKeyDeclined, keyAsked } from './stores/session.js'
import { nextTheme, theme } from './stores/theme.js'

const places = [
  ['Overview', []],
  ['Processes', ['processes']],
  ['Definitions', ['definitions']],
] as const

/** Pages that are not among the places themselves. */
const partOf: Readonly<Record<string, string>> = { edit: 'definitions' }

export function App() {
  const main = useRef<HTMLElement>(null)
  const { path } = route.value
  const place = partOf[path[0] ?? ''] ?? path[0]
  useRowKeys()
  useEffect(() => scrollWhenThere(topPx, main.current), [route.value])
  return (
    <>
      <a class="skip-link" href="#content" onClick={(event) => skip(event, main.current)}>
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href={hrefOf([])}>
          <BrandMark />
          <span>TunaCorn</span>
        </a>
        <nav aria-label="Pages">
          {places.map(([label, [first]]) => (
            <a
              key={label}
              href={hrefOf(first === undefined ? [] : [first])}
              aria-current={place === first ? 'page' : undefined}
            >
              {label}
            </a>
          ))}
        </nav>
        <div class="top-tools">
          {!isConnected.value && (
            <span class="pill is-failed" role="status">
              No answer
            </span>
          )}
          {isReadOnlyPage && <span class="pill">Read-only</span>}
          {keyAsked.value !== undefined && isKeyDeclined.value && (
            <button type="button" class="primary" onClick={() => (isKeyDeclined.value = false)}>
              Give a key
            </button>
          )}
          {hasKey.value && (
            <button type="button" class="quiet" onClick={forgetKey}>
              Forget key
            </button>
          )}
          <button type="button" class="quiet" onClick={nextTheme} title="Colours">
            <ThemeMark />
            <span class="hidden">Colours: </span>
            <span class="theme-name">{{ system: 'Auto', light: 'Light', dark: 'Dark' }[theme.value]}</span>
          </button>
        </div>
      </header>
      <main id="content" ref={main} tabIndex={-1}>
        <Page route={route.value} />
      </main>
      <Notices />
      <KeyDialog />
    </>
  )
}

/** Scrolls as soon as the page has become so long, unless somebody has scrolled by then. */
function scrollWhenThere(top: number, main: HTMLElement | null): (() => void) | undefined {
  window.scrollTo(0, top)
  if (top === 0 || main === null) return undefined
  const growing = new ResizeObserver(() => {
    window.scrollTo(0, top)
    if (window.scrollY >= top - 1) stop()
  })
  const stop = () => {
    growing.disconnect()
    for (const sign of signs) window.removeEventListener(sign, stop)
  }
  const signs = ['wheel', 'touchstart', 'keydown']
  for (const sign of signs) window.addEventListener(sign, stop)
  growing.observe(main)
  return stop
}

function Page({ route: { path, query } }: { route: Route }) {
  const [first, second] = path
  if (first === undefined) return <OverviewPage />
  if (first === 'processes')
    return second === undefined ? (
      <ProcessesPage query={query} />
    ) : (
      <ProcessPage key={second} id={second} task={query['task']} />
    )
  if (first === 'tasks') return <TasksPage query={query} />
  if (first === 'edit') return <EditorPage from={second} version={query['version']} />
  if (first === 'definitions') {
    if (second === undefined) return <DefinitionsPage cursor={query['cursor']} />
    return <DefinitionPage key={second} name={second} version={query['version']} />
  }
  return <NoPage />
}

function NoPage() {
  useTitle('There is no such page')
  return (
    <>
      <h1>There is no such page</h1>
      <p>
        <a href={hrefOf([])}>To the overview</a>
      </p>
    </>
  )
}

/** The fragment is the route's: it cannot also say where on the page to go. */
function skip(event: Event, main: HTMLElement | null): void {
  event.preventDefault()
  main?.focus()
}

function BrandMark() {
  return (
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <path
        class="brand-body"
        d="M3 19c4-6 9-8 14-8 3 0 5 1 7 3l5-4-1 8 2 6-6-2c-3 3-6 4-9 4-5 0-9-3-12-7z"
      />
      <path class="brand-horn" d="M12 11 21 1l-3 10z" />
      <circle class="brand-eye" cx="10" cy="17.5" r="1.6" />
    </svg>
  )
}

function ThemeMark() {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.5" />
      <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />
    </svg>
  )
}
