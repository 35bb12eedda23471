import { useState } from 'preact/hooks'
import { hasKey, isKeyDeclined, keyAsked, takeKey } from '../stores/session.js'
import { Dialog } from './dialog.js'

/** Asks for the key when the API wants one. */
export function KeyDialog() {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string>()
  const said = keyAsked.value
  if (said === undefined || isKeyDeclined.value) return null
  const submit = (event: Event) => {
    event.preventDefault()
    if (text.trim() !== '') setProblem(takeKey(text.trim()))
    setText('')
  }
  return (
    <Dialog title="Who is there?" onClose={() => (isKeyDeclined.value = true)}>
      <form onSubmit={submit}>
        <p>
          {hasKey.value ? 'This key was not accepted.' : 'This TunaCorn asks for an access key.'}{' '}
          <span class="faint">{said}</span>
        </p>
        <label class="field">
          Access key
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          {problem !== undefined && (
            <span class="hint field-problem" role="alert">
              {problem}
            </span>
          )}
          <span class="hint">It is kept in this tab until you close it, and sent to this server only.</span>
        </label>
        <footer>
          <button type="submit" class="primary">
            Use this key
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
