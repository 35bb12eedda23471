import { signal } from '@preact/signals'

export interface Notice {
  readonly number: number
  readonly text: string
  readonly kind: 'done' | 'failed'
}

const shownMs = 6_000
let lastNumber = 0

export const notices = signal<readonly Notice[]>([])

export function notify(text: string, kind: Notice['kind'] = 'done'): void {
  const number = (lastNumber += 1)
  notices.value = [...notices.value, { number, text, kind }]
  // What went wrong stays until it is sent away.
  if (kind === 'done') setTimeout(() => dismiss(number), shownMs)
}

export function dismiss(number: number): void {
  notices.value = notices.value.filter((notice) => notice.number !== number)
}
