import type { ProcessState } from '@tunacorn/protocol'
import { useState } from 'preact/hooks'
import { actOn, applies, type ProcessAction } from '../stores/actions.js'
import { may } from '../stores/session.js'
import { countWords } from '../words.js'
import { Dialog } from './dialog.js'

interface ActionsProps {
  readonly processes: readonly { readonly id: string; readonly state: ProcessState }[]
  readonly onDone: () => void
}

const labels: readonly (readonly [ProcessAction, string])[] = [
  ['retry', 'Retry'],
  ['resume', 'Resume'],
  ['pause', 'Pause'],
  ['cancel', 'Cancel'],
]

/** What can be done to these processes; to each action those that it makes sense for. */
export function ProcessActions({ processes, onDone }: ActionsProps) {
  const [isBusy, setBusy] = useState(false)
  const [toCancel, setToCancel] = useState<readonly string[]>()
  if (!may('start')) return null
  const run = async (ids: readonly string[], action: ProcessAction, reason?: string) => {
    setToCancel(undefined)
    setBusy(true)
    await actOn(ids, action, reason)
    setBusy(false)
    onDone()
  }
  return (
    <div class="actions">
      {labels.map(([action, label]) => {
        const ids = processes.filter(({ state }) => applies[action].includes(state)).map(({ id }) => id)
        if (ids.length === 0) return null
        return (
          <button
            key={action}
            type="button"
            class={action === 'cancel' ? 'danger' : action === 'retry' ? 'primary' : ''}
            disabled={isBusy}
            onClick={() => (action === 'cancel' ? setToCancel(ids) : void run(ids, action))}
          >
            {label}
            {processes.length > 1 && <span class="number"> {ids.length}</span>}
          </button>
        )
      })}
      {toCancel !== undefined && (
        <CancelDialog
          count={toCancel.length}
          onCancel={(reason) => void run(toCancel, 'cancel', reason)}
          onClose={() => setToCancel(undefined)}
        />
      )}
    </div>
  )
}

interface CancelDialogProps {
  readonly count: number
  readonly onCancel: (reason: string) => void
  readonly onClose: () => void
}

function CancelDialog({ count, onCancel, onClose }: CancelDialogProps) {
  const [reason, setReason] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    onCancel(reason.trim())
  }
  return (
    <Dialog title={`Cancel ${countWords(count, 'process', 'processes')}?`} onClose={onClose}>
      <form onSubmit={submit}>
        <p>What is on the board for {count === 1 ? 'it' : 'them'} goes. It cannot be taken back.</p>
        <label class="field">
          Why, for the history
          <input value={reason} maxLength={1_000} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <footer>
          <button type="button" onClick={onClose}>
            Keep running
          </button>
          <button type="submit" class="danger">
            Cancel {countWords(count, 'process', 'processes')}
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
