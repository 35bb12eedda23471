import type { Definition } from '../definition/definition.js'
import type { FailureProcessFault } from '../definition/report-failure-process.js'
import { Suggester } from '../definition/suggest.js'

/** The definitions among which one is judged: the default version of each, as in a `DefinitionList`. */
export interface OtherDefinitions {
  fetch(name: string): Promise<{ readonly definition: Pick<Definition, 'failureProcess'> } | undefined>
  /** By name. */
  list(page: {
    readonly afterName?: string | undefined
    readonly limit: number
  }): Promise<readonly { readonly name: string }[]>
}

/**
 * What is wrong with the failure process of a definition among those that are registered: it must be there, and must
 * not lead back here by way of others, for nothing may start for ever.
 */
export async function failureProcessFault(
  list: OtherDefinitions,
  { name, failureProcess }: Pick<Definition, 'name' | 'failureProcess'>,
): Promise<FailureProcessFault | undefined> {
  const path = name === undefined ? [] : [name]
  for (let next = failureProcess?.name; next !== undefined;) {
    if (path.includes(next)) return cycle([...path, next])
    const stored = await list.fetch(next)
    if (stored === undefined && next === failureProcess?.name)
      return unknown(next, await nearest(list, next, name))
    if (stored === undefined) return lost(next, path.at(-1) ?? '')
    path.push(next)
    next = stored.definition.failureProcess?.name
  }
  return undefined
}

function cycle(path: readonly string[]): FailureProcessFault {
  const message =
    `Expected failure processes to come to an end, but they lead back: ${path.join(' → ')}. ` +
    'Name another definition, or none.'
  return { code: 'failure-process-cycle', message }
}

function unknown(name: string, suggestion: string | undefined): FailureProcessFault {
  const message =
    `Expected the name of a registered definition, but there is no definition ${JSON.stringify(name)}. ` +
    'Register it first, or correct the name.'
  return { code: 'unknown-failure-process', message, ...(suggestion !== undefined && { suggestion }) }
}

/** Not so by any way of the API: the store was changed behind its back. */
function lost(name: string, by: string): FailureProcessFault {
  const message =
    `Expected a failure process that can be started itself, but ${JSON.stringify(by)} names ${JSON.stringify(name)} ` +
    'as its own, and there is no such definition. Register it first.'
  return { code: 'unknown-failure-process', message }
}

const namesAtOnce = 1_000
/** Who keeps more definitions than that gets no suggestion from beyond. */
const maxNames = 10_000

async function nearest(
  list: OtherDefinitions,
  name: string,
  own: string | undefined,
): Promise<string | undefined> {
  const names: string[] = []
  for (let size = namesAtOnce; size === namesAtOnce && names.length < maxNames;) {
    const page = await list.list({ afterName: names.at(-1), limit: namesAtOnce })
    names.push(...page.map((one) => one.name))
    size = page.length
  }
  return new Suggester(names.filter((one) => one !== own)).closest(name)
}
