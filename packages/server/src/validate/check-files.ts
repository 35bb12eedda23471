import {
  DefinitionError,
  engineDefaults,
  failureProcessFault,
  readDefinition,
  worstCaseEnd,
  type Definition,
  type OtherDefinitions,
  type Problem,
  type WorstCase,
} from '@tunacorn/core'
import { readDefinitionFile, type DefinitionSource } from '../definition-file.js'
import { Failure } from '../failures.js'

/** What was found of one file. */
export type Verdict =
  | {
      readonly kind: 'sound'
      readonly file: string
      readonly name: string | undefined
      readonly taskCount: number
      readonly worstCase: WorstCase
    }
  | { readonly kind: 'invalid'; readonly file: string; readonly problems: readonly Problem[] }
  | { readonly kind: 'unreadable'; readonly file: string; readonly reason: string; readonly exitCode: number }

/** One that is sound by itself, and names another. */
interface Following {
  readonly source: DefinitionSource
  readonly definition: Pick<Definition, 'name' | 'failureProcess'>
}

/**
 * Checks each file, and, where there are several, what they name of one another: as if they were registered together
 * where there is nothing else.
 */
export async function checkFiles(files: readonly string[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  const named = new Map<string, Pick<Definition, 'failureProcess'>>()
  const following = new Map<number, Following>()
  // One at a time: of what may be large, only that is kept which names another.
  for (const [place, file] of files.entries()) {
    verdicts.push(
      await checkFile(file, (definition, source) => {
        const { name, failureProcess } = definition
        if (name !== undefined) named.set(name, { ...(failureProcess && { failureProcess }) })
        if (failureProcess !== undefined) following.set(place, { source, definition })
      }),
    )
  }
  if (files.length === 1) return verdicts
  const isWhole = verdicts.every(({ kind }) => kind === 'sound')
  for (const [place, one] of following) {
    const problems = await problemsAmong(named, one, isWhole)
    if (problems !== undefined) verdicts[place] = { kind: 'invalid', file: files[place] ?? '', problems }
  }
  return verdicts
}

async function checkFile(
  file: string,
  onSound: (definition: Definition, source: DefinitionSource) => void,
): Promise<Verdict> {
  try {
    const source = await readDefinitionFile(file)
    const definition = await readDefinition(source.text, { format: source.format, requireName: false })
    onSound(definition, source)
    const { name, tasks } = definition
    return {
      kind: 'sound',
      file,
      name,
      taskCount: tasks.length,
      worstCase: worstCaseEnd(definition, engineDefaults),
    }
  } catch (error) {
    if (error instanceof DefinitionError) return { kind: 'invalid', file, problems: error.problems }
    if (error instanceof Failure)
      return { kind: 'unreadable', file, reason: error.message, exitCode: error.exitCode }
    throw error
  }
}

/** @param isWhole whether all are sound: else the one that is missing may be among those that are not. */
async function problemsAmong(
  named: ReadonlyMap<string, Pick<Definition, 'failureProcess'>>,
  { source: { text, format }, definition }: Following,
  isWhole: boolean,
): Promise<readonly Problem[] | undefined> {
  const fault = await failureProcessFault(othersOf(named), definition)
  if (fault === undefined || (fault.code === 'unknown-failure-process' && !isWhole)) return undefined
  try {
    await readDefinition(text, { format, requireName: false, failureProcessFault: fault })
  } catch (error) {
    if (error instanceof DefinitionError) return error.problems
    throw error
  }
  return undefined
}

function othersOf(named: ReadonlyMap<string, Pick<Definition, 'failureProcess'>>): OtherDefinitions {
  const names = [...named.keys()].sort()
  return {
    fetch: async (name) => {
      const definition = named.get(name)
      return definition && { definition }
    },
    list: async ({ afterName = '', limit }) =>
      names
        .filter((name) => name > afterName)
        .slice(0, limit)
        .map((name) => ({ name })),
  }
}
