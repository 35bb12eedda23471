import { expect, test } from 'vitest'
import { createLogger } from '../src/logger.js'

test('on a terminal, nothing that others have written reaches it as an escape', () => {
  const written: string[] = []
  const stream = { isTTY: true, fd: 1, write: (text: string) => void written.push(text) }
  const logger = createLogger('info', stream as unknown as NodeJS.WriteStream & { readonly fd: number })
  logger.info({ by: '\u001b[2J', key: 'a b\u009b2J', plain: 'ada' }, 'done\u001b]0;x\u0007')
  logger.error({ err: new Error('first\u001b[2J\nsecond') }, 'broke')
  expect(written).toHaveLength(2)
  // oxlint-disable-next-line no-control-regex
  expect(written.join('')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  expect(written[0]).toContain('plain=ada')
  expect(written[1]).toMatch(/first \[2J\nsecond\n +at /)
})
