import { createInterface } from 'node:readline/promises'
import { Failure, UsageError } from './failures.js'

/** Where a question is put, and answered. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream
}

/** As a program ends that Ctrl-C has ended. */
const interrupted = 130

/**
 * Asks before something is done that cannot be undone.
 *
 * @throws Failure when the answer is not yes, or there is none
 * @throws UsageError where there is nobody to ask
 */
export async function confirm(
  question: string,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (input.isTTY !== true) {
    throw new UsageError('Expected --yes, since this cannot be undone and there is no terminal to ask on.')
  }
  const terminal = createInterface({ input, output, terminal: true })
  const left = new AbortController()
  let isInterrupted = false
  terminal.on('SIGINT', () => {
    isInterrupted = true
    left.abort()
  })
  terminal.on('close', () => left.abort())
  try {
    const answer = await terminal.question(`${question} (yes/no) `, { signal: left.signal }).catch(() => '')
    if (/^y(es)?$/i.test(answer.trim())) return
    if (left.signal.aborted) output.write('\n')
    throw new Failure('Nothing was done.', isInterrupted ? { exitCode: interrupted } : {})
  } finally {
    terminal.close()
  }
}
