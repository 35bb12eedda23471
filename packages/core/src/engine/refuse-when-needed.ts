import type { DefinitionList } from '../lists/definition-list.js'
import { TunaCornError } from '../errors.js'
import { failureProcessFault } from './failure-process-fault.js'

/**
 * What others name as their failure process must stay: its last version cannot be removed. Nor can a version behind
 * which an older one is the default again, if that one leads back to itself with what has been registered since.
 */
export async function refuseWhenNeeded(list: DefinitionList, name: string, version: number): Promise<void> {
  const current = await list.fetch(name)
  if (current?.version !== version) return
  const next = await list.defaultWithout(name, version)
  if (next === undefined) return refuseWhenNamed(list, name)
  const fault = await failureProcessFault(list, next.definition)
  if (fault === undefined) return
  const detail =
    `Without version ${version} of ${JSON.stringify(name)}, version ${next.version} is the default one again, ` +
    `and its failureProcess cannot be used: ${fault.message} Or remove version ${next.version} first.`
  throw new TunaCornError('definition-in-use', detail)
}

const namesAtOnce = 100

async function refuseWhenNamed(list: DefinitionList, name: string): Promise<void> {
  for (let afterName: string | undefined; ;) {
    const some = await list.list({ afterName, limit: namesAtOnce })
    for (const { name: other } of some) {
      const stored = await list.fetch(other)
      if (other === name || stored?.definition.failureProcess?.name !== name) continue
      const detail = `${JSON.stringify(other)} names ${JSON.stringify(name)} as its failureProcess. Change or remove that first.`
      throw new TunaCornError('definition-in-use', detail)
    }
    afterName = some.at(-1)?.name
    if (some.length < namesAtOnce) return
  }
}
