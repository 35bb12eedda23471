import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** What has to be answered before anything else. Esc closes it. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const opened = element.current
    const before = document.activeElement
    opened?.showModal()
    opened?.querySelector<HTMLElement>('input, textarea, footer button')?.focus()
    return () => {
      opened?.close()
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={element}
      aria-labelledby="dialog-title"
      onCancel={closeBy(onClose)}
      onClose={closeBy(onClose)}
    >
      <header>
        <h2 id="dialog-title">{title}</h2>
        <button type="button" class="quiet icon-button" aria-label="Close" onClick={onClose}>
          ×
        </button>
      </header>
      {children}
    </dialog>
  )
}

/** A browser that is refused to close it once closes it the second time all the same. */
function closeBy(onClose: () => void) {
  return (event: Event) => {
    event.preventDefault()
    // Not when it has gone already.
    if ((event.currentTarget as HTMLElement).isConnected) onClose()
  }
}
