import type { IncomingHttpHeaders } from 'node:http'
import { TunaCornError, type Action, type Authorize } from '@tunacorn/express'
import type { KeyRing } from './key-ring.js'

/** Who may do what, by the scopes of the key that comes as `Authorization: Bearer <key>` (RFC 6750). */
export function authorizeByKeys(ring: KeyRing): Authorize {
  return ({ headers }, action) => {
    const isAsking = ring.isAsking()
    return isAsking === false || isAllowed(headers, action, isAsking)
  }

  async function isAllowed(
    headers: IncomingHttpHeaders,
    action: Action,
    isAsking: boolean | Promise<boolean>,
  ): Promise<boolean> {
    if (!(await isAsking)) return true
    const [, key] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
    if (key === undefined) throw unauthenticated('there is none')
    const holder = await ring.holderOf(key)
    if (holder.state === 'unknown') throw unauthenticated('this one is not known here')
    if (holder.state !== 'live') throw unauthenticated(`this one is ${holder.state}`)
    const { name, scopes } = holder
    if (scopes.includes(action) || scopes.includes('admin')) return true
    throw new TunaCornError(
      'forbidden',
      `Expected a key with the scope ${action}, but ${JSON.stringify(name)} has ${scopes.join(', ')}.`,
    )
  }
}

function unauthenticated(found: string): TunaCornError {
  return new TunaCornError(
    'unauthenticated',
    `Expected an access key as "Authorization: Bearer <key>", but ${found}.`,
  )
}
