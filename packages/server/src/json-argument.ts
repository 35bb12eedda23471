import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { errorCode, exitCodes, Failure, messageOf, UsageError } from './failures.js'

/**
 * A JSON value that a flag gives: as it stands there, or in a file (`@file`, `@-` for standard input).
 *
 * @throws Failure when there is no such file; UsageError when it cannot be read, or is no JSON
 */
export async function readJsonArgument(flag: string, given: string): Promise<unknown> {
  const isFile = given.startsWith('@')
  const found = isFile ? await readSource(flag, given.slice(1)) : given
  const { parseJson } = await import('@tunacorn/core')
  try {
    return parseJson(found)
  } catch (error) {
    // Its cause is what is wrong with the text; without one it is JSON, but cannot be kept as it is.
    const { cause } = error as Error
    const why = messageOf(cause ?? error).replace(/\.$/, '')
    const remedy =
      isFile || cause === undefined ? '' : ` Text stands in quotes ('"so"'), and a file is given as @file.`
    throw new UsageError(`Expected ${flag} to be JSON, but: ${why}.${remedy}`)
  }
}

async function readSource(flag: string, file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  } catch (error) {
    const isMissing = errorCode(error) === 'ENOENT'
    const why = isMissing ? 'there is no such file' : messageOf(error)
    throw new Failure(`Expected ${flag} to name a file that can be read, but of ${file}: ${why}.`, {
      exitCode: isMissing ? exitCodes.notFound : exitCodes.usage,
    })
  }
}
