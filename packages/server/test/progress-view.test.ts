import { expect, test } from 'vitest'
import type { HistoryEvent } from '@tunacorn/protocol'
import { ProgressView } from '../dist/processes/progress-view.js'

const at = '2026-11-24T09:30:01.000Z'
const events: HistoryEvent[] = [
  { version: 1, type: 'process-started', at, input: { applicant: 'Ada' } },
  { version: 2, type: 'attempt-failed', at, name: 'Review', attempt: 1, cause: 'lapsed', retryAt: at },
  {
    version: 3,
    type: 'task-completed',
    at,
    name: 'Review',
    claimedAt: '2026-11-24T09:30:00.000Z',
    worker: 'w',
    output: { score: 7 },
  },
  {
    version: 4,
    type: 'task-failed',
    at,
    name: 'Answer',
    cause: 'reported',
    error: { message: 'no \u001b[2Jluck' },
  },
]

function shown(stream: { isTTY: boolean; hasColors: () => boolean }): string {
  let text = ''
  const view = new ProgressView({ ...stream, write: (more: string) => Boolean((text += more)) }, 4)
  for (const event of events) view.tell(event)
  view.end()
  return text
}

test('in a pipe it is plain lines, without a bar, and with nothing that does things to a terminal', () => {
  expect(shown({ isTTY: false, hasColors: () => true })).toBe(
    [
      '  ✗ Review, attempt 1  its worker went silent  another from 2026-11-24 09:30:01Z on\n',
      '  ✓ Review  1.0 s  by w  {"score":7}\n',
      '  ✗ Answer failed  {"message":"no \\u001b[2Jluck"}\n',
    ].join(''),
  )
})

test('on a terminal a bar stands below the lines, in colours unless NO_COLOR asks for none', () => {
  const plain = shown({ isTTY: true, hasColors: () => false })
  expect(plain).toContain(`  ${'░'.repeat(24)} 0 of 4`)
  expect(plain).toContain(`by w  {"score":7}\n  ${'█'.repeat(6)}${'░'.repeat(18)} 1 of 4\r\u001b[K  ✗ Answer`)
  // In the end the bar is gone.
  expect(plain.endsWith(' 1 of 4\r\u001b[K')).toBe(true)
  expect(plain).not.toContain('\u001b[32m')
  expect(shown({ isTTY: true, hasColors: () => true })).toContain('\u001b[32m✓\u001b[39m Review')
})
