import { signal } from '@preact/signals'

/** Now, in milliseconds, by the second; it stands while nobody looks. */
export const nowMs = signal(Date.now())

setInterval(() => {
  if (!document.hidden) nowMs.value = Date.now()
}, 1_000)
