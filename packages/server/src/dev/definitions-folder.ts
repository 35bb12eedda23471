import { DefinitionError, type ProblemCode } from '@tunacorn/core'
import { definitionFilesIn, problemLines, readDefinitionFile } from '../definition-file.js'
import { Failure } from '../failures.js'
import type { RunningServer } from '../serve.js'

export interface RegisteredDefinition {
  readonly name: string
  readonly version: number
  readonly taskCount: number
}

export interface RegisteredFolder {
  readonly folder: string
  readonly definitions: readonly RegisteredDefinition[]
  /** What is wrong with those that were not registered, a line for each problem. */
  readonly complaints: readonly string[]
}

/**
 * Registers every definition file of the folder itself, in the order of their names; but one that names a failure
 * process after that one. One that is broken does not stop the others.
 */
export async function registerFolder(
  engine: RunningServer['engine'],
  folder: string,
): Promise<RegisteredFolder> {
  const definitions: RegisteredDefinition[] = []
  const complaints: string[] = []
  let files = await definitionFilesIn(folder)
  for (let registered = 1; files.length > 0 && registered > 0;) {
    const waiting: { file: string; complaint: string }[] = []
    registered = 0
    for (const file of files) {
      // So that the last of two of the same name is the default.
      const result = await registerFile(engine, file)
      if ('stored' in result) {
        definitions.push(result.stored)
        registered += 1
      } else if (result.mayFollow) waiting.push({ file, complaint: result.complaints.join('\n') })
      else complaints.push(...result.complaints)
    }
    files = waiting.map(({ file }) => file)
    if (registered === 0) complaints.push(...waiting.map(({ complaint }) => complaint))
  }
  return { folder, definitions, complaints }
}

type Registered =
  | { readonly stored: RegisteredDefinition }
  /** `mayFollow`: once another one is registered, this one may be too. */
  | { readonly complaints: readonly string[]; readonly mayFollow: boolean }

/** What is wrong only with regard to the definitions that are registered by then. */
const amongOthers: ReadonlySet<ProblemCode> = new Set(['unknown-failure-process', 'failure-process-cycle'])

async function registerFile(engine: RunningServer['engine'], file: string): Promise<Registered> {
  try {
    const { text, format } = await readDefinitionFile(file)
    const { stored } = await engine.registerDefinition(text, format)
    return { stored }
  } catch (error) {
    if (error instanceof Failure) return { complaints: [error.message], mayFollow: false }
    if (!(error instanceof DefinitionError)) throw error
    const mayFollow = error.problems.every(({ code }) => amongOthers.has(code))
    return { complaints: problemLines(file, error), mayFollow }
  }
}
