import type { TunaCornClient } from '@tunacorn/client'
import { problemLines, readDefinitionFile } from './definition-file.js'
import { exitCodes, Failure } from './failures.js'
import { note } from './output.js'

/** Whether `FILE|NAME` is a file: standard input, or a name as files of definitions have it. */
export function isDefinitionFile(text: string): boolean {
  return text === '-' || /\.(ya?ml|json)$/i.test(text)
}

/** @throws Failure when it cannot be read, or is not sound: its problems have been told then */
export async function registerFile(client: TunaCornClient, file: string) {
  const { text, format } = await readDefinitionFile(file)
  const { TunaCornHttpError } = await import('@tunacorn/client')
  try {
    return await client.registerDefinition(text, format)
  } catch (error) {
    if (!(error instanceof TunaCornHttpError) || error.problem.problems === undefined) throw error
    for (const line of problemLines(file, { problems: error.problem.problems })) note(line)
    throw new Failure(`${file} was not registered.`, { cause: error, exitCode: exitCodes.invalidDefinition })
  }
}
