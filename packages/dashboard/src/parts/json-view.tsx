import { useState } from 'preact/hooks'
import { notify } from '../stores/notices.js'

const mostCharacters = 20_000

/** A value as text, never as anything else. */
export function JsonView({ value, label }: { value: unknown; label: string }) {
  const [isWhole, setWhole] = useState(false)
  const text = JSON.stringify(value, null, 2) ?? 'nothing'
  const isLong = text.length > mostCharacters && !isWhole
  return (
    <div class="json-view">
      <pre tabIndex={0} aria-label={label}>
        {isLong ? `${text.slice(0, mostCharacters)}…` : text}
      </pre>
      <div class="json-tools">
        {isLong && (
          <button type="button" class="quiet" onClick={() => setWhole(true)}>
            Show all {text.length.toLocaleString('en')} characters
          </button>
        )}
        <button type="button" class="quiet" onClick={() => void copy(text)}>
          Copy
        </button>
      </div>
    </div>
  )
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    notify('Copied.')
  } catch {
    notify(
      'The browser does not let this page copy: it came over plain HTTP, or was not allowed to.',
      'failed',
    )
  }
}
