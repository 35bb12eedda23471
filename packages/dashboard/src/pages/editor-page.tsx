import { useRef, useState } from 'preact/hooks'
import { EditorStore, type Verdict } from '../definition/editor-store.js'
import { StateIcon } from '../parts/state-icon.js'
import { useTitle } from '../parts/use-title.js'
import { hrefOf } from '../route.js'
import { goTo } from '../stores/navigation.js'
import { notify } from '../stores/notices.js'
import { may } from '../stores/session.js'
import { useStore } from '../stores/use-store.js'
import { countWords } from '../words.js'

interface EditorPageProps {
  readonly from: string | undefined
  readonly version: string | undefined
}

/** A definition is written, and checked as one types. */
export function EditorPage({ from, version = '' }: EditorPageProps) {
  const store = useStore(
    () => new EditorStore(from, /^\d+$/.test(version) ? Number(version) : undefined),
    from ?? '',
    version,
  )
  const area = useRef<HTMLTextAreaElement>(null)
  const gutter = useRef<HTMLPreElement>(null)
  const [isBusy, setBusy] = useState(false)
  const text = store.text.value
  const heading = from === undefined ? 'Write a definition' : `${from}, anew`
  useTitle(heading)
  const verdict = store.verdict.value
  const register = async () => {
    setBusy(true)
    const registered = await store.register()
    setBusy(false)
    if (registered === undefined) return
    notify(`Version ${registered.version} of ${registered.name} is registered.`)
    goTo(hrefOf(['definitions', registered.name]))
  }
  return (
    <>
      <p class="crumbs">
        <a href={hrefOf(['definitions'])}>Definitions</a>
      </p>
      <div class="page-head">
        <h1>{heading}</h1>
        <div class="actions">
          {store.isChanged.value && (
            <button type="button" class="quiet" onClick={() => store.startOver()}>
              Start over
            </button>
          )}
          {may('define') && (
            <button
              type="button"
              class="primary"
              disabled={isBusy || verdict?.kind !== 'valid'}
              onClick={() => void register()}
            >
              Register
            </button>
          )}
        </div>
      </div>
      <div class="editor">
        <Gutter element={gutter} text={text} verdict={verdict} />
        <textarea
          ref={area}
          aria-label="Definition, in YAML"
          aria-describedby="verdict"
          spellcheck={false}
          autocomplete="off"
          wrap="off"
          value={text}
          onInput={(event) => store.write(event.currentTarget.value)}
          onScroll={(event) => {
            if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop
          }}
        />
      </div>
      <div id="verdict" role="status" aria-live="polite">
        <VerdictView verdict={verdict} onGo={(line, column) => goToPlace(area.current, line, column)} />
      </div>
    </>
  )
}

interface GutterProps {
  readonly element: { current: HTMLPreElement | null }
  readonly text: string
  readonly verdict: Verdict | undefined
}

function Gutter({ element, text, verdict }: GutterProps) {
  const wrong = new Set(verdict?.kind === 'invalid' ? verdict.problems.map(({ line }) => line) : [])
  return (
    <pre ref={element} class="gutter" aria-hidden="true">
      {text.split('\n').map((_, index) => (
        <span key={index} class={wrong.has(index + 1) ? 'is-wrong' : ''}>
          {index + 1}
        </span>
      ))}
    </pre>
  )
}

interface VerdictViewProps {
  readonly verdict: Verdict | undefined
  readonly onGo: (line: number, column: number) => void
}

function VerdictView({ verdict, onGo }: VerdictViewProps) {
  if (verdict === undefined) return null
  if (verdict.kind === 'unknown') return <p class="problem-box">{verdict.message}</p>
  if (verdict.kind === 'valid') {
    const { taskCount, endsWithin, criticalPath } = verdict.definition
    return (
      <p class="verdict is-completed">
        <StateIcon state="completed" />
        <span>
          Sound: {countWords(taskCount, 'task')}. Every process of it ends within <b>{endsWithin}</b>
          <span class="faint"> · longest way: {pathWords(criticalPath)}</span>
        </span>
      </p>
    )
  }
  return (
    <ol class="definition-problems">
      {verdict.problems.map(({ code, message, line = 1, column = 1 }) => (
        <li key={`${code} ${line} ${column} ${message}`}>
          <button type="button" class="link number" onClick={() => onGo(line, column)}>
            {line}:{column}
          </button>
          <span>{message}</span>
        </li>
      ))}
    </ol>
  )
}

function pathWords(path: readonly string[]): string {
  return path.length <= 6 ? path.join(' → ') : `${path.slice(0, 3).join(' → ')} → … → ${path.at(-1)}`
}

function goToPlace(area: HTMLTextAreaElement | null, line: number, column: number): void {
  if (area === null) return
  const before =
    area.value
      .split('\n')
      .slice(0, line - 1)
      .join('\n').length + (line > 1 ? 1 : 0)
  area.focus()
  area.setSelectionRange(before + column - 1, before + column - 1)
}
