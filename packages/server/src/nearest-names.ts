import { TunaCornHttpError, type TunaCornClient } from '@tunacorn/client'
import { exitCodes, Failure } from './failures.js'

/** Of how many definitions the tasks are looked at. */
const mostDefinitions = 50

/** Says what was probably meant, when there is no definition of this name. */
export async function suggestingDefinitions<Answer>(
  client: TunaCornClient,
  name: string,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof TunaCornHttpError) || error.code !== 'definition-not-found') throw error
    const { detail = error.message } = error.problem
    const meant = await didYouMean(name, await definitionNames(client))
    throw new Failure(`${detail}${meant}`, { cause: error, exitCode: exitCodes.notFound })
  }
}

/** A warning where none of the server's definitions has this name; undefined where one has, or nobody knows. */
export async function unknownDefinition(client: TunaCornClient, name: string): Promise<string | undefined> {
  const names = await definitionNames(client)
  if (names.length === 0 || names.includes(name)) return undefined
  return `There is no definition ${JSON.stringify(name)}.${await didYouMean(name, names)}`
}

/** A warning where no definition has a task of this name; undefined where one has, or nobody knows. */
export async function unknownTask(client: TunaCornClient, name: string): Promise<string | undefined> {
  const names = await taskNames(client)
  if (names === undefined || names.includes(name)) return undefined
  return `No definition has a task ${JSON.stringify(name)}.${await didYouMean(name, names)}`
}

async function didYouMean(word: string, names: readonly string[]): Promise<string> {
  // Loaded only now: it is half of the time that a command takes.
  const { Suggester } = await import('@tunacorn/core')
  const meant = new Suggester(names).closest(word)
  return meant === undefined || meant === word ? '' : ` Did you mean ${JSON.stringify(meant)}?`
}

async function definitionNames(client: TunaCornClient): Promise<string[]> {
  try {
    const { items } = await client.listDefinitions({ limit: 1_000 })
    return items.map(({ name }) => name)
  } catch {
    // A suggestion is not worth a failure of its own.
    return []
  }
}

/** All there are; undefined when they are too many, or cannot be read. */
async function taskNames(client: TunaCornClient): Promise<string[] | undefined> {
  try {
    const { items, nextCursor } = await client.listDefinitions({ limit: mostDefinitions })
    if (nextCursor !== undefined || items.length === 0) return undefined
    const definitions = await Promise.all(items.map(({ name }) => client.getDefinition(name)))
    return [...new Set(definitions.flatMap(({ tasks }) => tasks.map(({ name }) => name)))]
  } catch {
    return undefined
  }
}
