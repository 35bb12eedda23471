import { signal } from '@preact/signals'

export interface Notice {
  readonly number: number
  readonly text: string
  /** What failed stays until it is sent away; `unanswered`, until the server answers again. */
  readonly kind: 'done' | 'failed' | 'unanswered'
}

const shownMs = 6_000
let lastNumber = 0

export const notices = signal<readonly Notice[]>([])

export function notify(text: string, kind: Notice['kind'] = 'done'): void {
  const number = (lastNumber += 1)
  notices.value = [...notices.value, { number, text, kind }]
  if (kind === 'done') setTimeout(() => dismiss(number), shownMs)
}

export function dismiss(number: number): void {
  notices.value = notices.value.filter((notice) => notice.number !== number)
}

/** It can be reached: what said otherwise goes, when it has been there for long enough to be read. */
export function serverAnswered(): void {
  for (const notice of notices.peek()) {
    if (notice.kind !== 'unanswered') continue
    notices.value = notices.value.map((one) => (one === notice ? { ...one, kind: 'failed' } : one))
    setTimeout(() => dismiss(notice.number), shownMs)
  }
}
