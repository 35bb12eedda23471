import { JsonView } from './json-view.js'

/** What a worker reported of a failure: its message as it was written, and all of it below. */
export function ErrorView({ error, label }: { error: unknown; label: string }) {
  const message = messageIn(error)
  return (
    <>
      {message !== undefined && <p class="error-message">{message}</p>}
      <JsonView value={error} label={label} />
    </>
  )
}

function messageIn(error: unknown): string | undefined {
  if (typeof error === 'string') return error
  const message = (error as { message?: unknown } | null | undefined)?.message
  return typeof message === 'string' && message !== '' ? message : undefined
}
