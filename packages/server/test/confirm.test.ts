import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { confirm } from '../src/confirm.js'

/** Asks at a terminal on which this is typed; what was asked, and what came of it. */
async function answered(typed: string, end = false) {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  const output = new PassThrough()
  const outcome = confirm('Cancel it?', { input, output }).then(
    () => 'yes',
    (error: unknown) => error,
  )
  input.write(typed)
  if (end) input.end()
  const what = await outcome
  return { what, shown: String(output.read()) }
}

test('yes does it, and anything else does not', async () => {
  for (const word of ['yes', 'y', ' YES ']) expect((await answered(`${word}\n`)).what).toBe('yes')
  for (const word of ['no', '', 'yess']) {
    const { what, shown } = await answered(`${word}\n`)
    expect(what).toMatchObject({ message: 'Nothing was done.', exitCode: 1 })
    expect(shown).toContain('Cancel it? (yes/no) ')
  }
})

test('Ctrl-C and Ctrl-D are no answer: nothing is done, and nothing has gone wrong', async () => {
  expect((await answered('\u0003')).what).toMatchObject({ message: 'Nothing was done.', exitCode: 130 })
  expect((await answered('\u0004')).what).toMatchObject({ message: 'Nothing was done.', exitCode: 1 })
  expect((await answered('', true)).what).toMatchObject({ message: 'Nothing was done.', exitCode: 1 })
})
