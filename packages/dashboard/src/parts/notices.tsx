import { dismiss, notices } from '../stores/notices.js'

/** What has just been done, or could not be. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ number, text, kind }) => (
        <p key={number} class={`notice is-${kind === 'done' ? 'completed' : 'failed'}`}>
          <span>{text}</span>
          <button
            type="button"
            class="quiet icon-button"
            aria-label="Dismiss"
            onClick={() => dismiss(number)}
          >
            ×
          </button>
        </p>
      ))}
    </div>
  )
}
