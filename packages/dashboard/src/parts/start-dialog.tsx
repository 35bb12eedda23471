import { TunaCornHttpError } from '@tunacorn/client'
import type { StartProcess } from '@tunacorn/protocol'
import { useMemo, useState } from 'preact/hooks'
import { hrefOf } from '../route.js'
import { DefinitionsStore } from '../stores/definitions-store.js'
import { goTo } from '../stores/navigation.js'
import { notify } from '../stores/notices.js'
import { client, messageOf, noteRefusal } from '../stores/session.js'
import { useStore } from '../stores/use-store.js'
import { Dialog } from './dialog.js'

interface StartDialogProps {
  readonly definition?: string | undefined
  readonly version?: number | undefined
  readonly onClose: () => void
}

/** Starts a process and goes to it. */
export function StartDialog({ definition = '', version, onClose }: StartDialogProps) {
  const definitions = useStore(() => new DefinitionsStore())
  const [name, setName] = useState(definition)
  const [key, setKey] = useState('')
  const [input, setInput] = useState('{}')
  const [problems, setProblems] = useState<readonly string[]>([])
  const [isBusy, setBusy] = useState(false)
  const parsed = parseInput(input)
  // What is asked again, because no answer came, is the same start; what is asked anew is another.
  const idempotencyKey = useMemo(randomKey, [name, key, input])

  const submit = async (event: Event) => {
    event.preventDefault()
    if ('problem' in parsed) return
    setBusy(true)
    const asked: StartProcess = {
      definition: name,
      ...(parsed.value !== undefined && { input: parsed.value }),
      ...(key !== '' && { key }),
      ...(version !== undefined && name === definition && { version }),
    }
    try {
      const { id } = await client.value.startProcess(asked, { idempotencyKey })
      notify('Started.')
      onClose()
      goTo(hrefOf(['processes', id]))
    } catch (error) {
      noteRefusal(error, 'start')
      setProblems(problemsOf(error))
      setBusy(false)
    }
  }

  return (
    <Dialog title="Start a process" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <label class="field">
          Definition
          <input
            required
            list="definition-names"
            value={name}
            autocomplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <datalist id="definition-names">
            {definitions.items.value?.map((one) => (
              <option key={one.name} value={one.name} />
            ))}
          </datalist>
          {version !== undefined && name === definition && <span class="hint">Version {version}.</span>}
        </label>
        <label class="field">
          Key{' '}
          <span class="hint">
            A name of your own, unique among live processes of the definition. May be empty.
          </span>
          <input
            value={key}
            maxLength={256}
            autocomplete="off"
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          Input, as JSON
          <textarea
            rows={8}
            spellcheck={false}
            aria-invalid={'problem' in parsed}
            value={input}
            onInput={(event) => setInput(event.currentTarget.value)}
          />
        </label>
        {'problem' in parsed && <p class="field-problem">{parsed.problem}</p>}
        {problems.length > 0 && (
          <ul class="field-problem" role="alert">
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        )}
        <footer>
          <button type="button" onClick={onClose}>
            Not now
          </button>
          <button type="submit" class="primary" disabled={isBusy || 'problem' in parsed}>
            Start
          </button>
        </footer>
      </form>
    </Dialog>
  )
}

/** Not `crypto.randomUUID`, which browsers have only on pages that came over TLS. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-')
}

/** No text is no input. */
function parseInput(text: string): { readonly value: unknown } | { readonly problem: string } {
  if (text.trim() === '') return { value: undefined }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

function problemsOf(error: unknown): string[] {
  const fields = error instanceof TunaCornHttpError ? (error.problem.errors ?? []) : []
  return fields.length === 0
    ? [messageOf(error)]
    : fields.map(({ pointer, message }) => `${pointer ?? ''} ${message}`.trim())
}
