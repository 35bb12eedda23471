import { createInterface } from 'node:readline/promises'
import { Failure, UsageError } from './failures.js'

/**
 * Asks before something is done that cannot be undone.
 *
 * @throws Failure when the answer is not yes
 * @throws UsageError where there is nobody to ask
 */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError('Expected --yes, since this cannot be undone and there is no terminal to ask on.')
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${question} (yes/no) `)
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('Nothing was done.')
}
