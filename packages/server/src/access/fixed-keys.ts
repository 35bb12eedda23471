import type { Scope } from '@tunacorn/protocol'
import { UsageError } from '../failures.js'
import { hashOf } from './bearer-key.js'
import { isKeyName, keyNameRule, readScopes, scopesRule } from './key-form.js'

/** A key that is given when the server starts, rather than kept in the database. */
export interface FixedKey {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly secretHash: Buffer
}

/** In the environment only: flags are seen by all users of a machine. */
export const fixedKeysVariable = 'TUNACORN_API_KEYS'

/** What may follow `Bearer` (RFC 6750, 2.1). */
const secretPattern = /^[\w.~+/-]+=*$/
const leastCharacters = 32
/** So many random ones hold more than this by far; a word that is repeated does not. */
const leastKinds = 8

/**
 * Reads `name:scope+scope:secret,…`.
 *
 * @throws UsageError that tells of keys by their place: any part may be a secret that was written in the wrong one
 */
export function readFixedKeys(text: string | undefined): FixedKey[] {
  const written = (text ?? '').split(',').map((one) => one.trim())
  const keys = written.flatMap((one, index) => (one === '' ? [] : [readKey(one, index + 1)]))
  if (new Set(keys.map(({ name }) => name)).size < keys.length)
    throw unfit('one key of each name', 'two have the same')
  return keys
}

function readKey(text: string, place: number): FixedKey {
  const [name = '', scopeNames = '', ...rest] = text.split(':')
  const secret = rest.join(':')
  const refuse = (expected: string, found: string) => unfit(expected, `key ${place} ${found}`)
  if (rest.length === 0)
    throw refuse('keys such as worker-1:work+read:<secret>', 'has fewer than three parts')
  if (!isKeyName(name)) throw refuse(`names of ${keyNameRule}`, 'has another')
  const scopes = readScopes(scopeNames.split('+'))
  if (scopes === undefined) throw refuse(`scopes ${scopesRule}, such as work+read`, 'has others')
  if (!secretPattern.test(secret)) throw refuse('secrets of letters, digits and -._~+/=', 'has another')
  if (secret.length < leastCharacters || new Set(secret).size < leastKinds)
    throw refuse(
      `secrets of ${leastCharacters} random characters or more, such as "openssl rand -base64 32" makes`,
      'has one that can be guessed',
    )
  return { name, scopes, secretHash: hashOf(secret) }
}

function unfit(expected: string, found: string): UsageError {
  return new UsageError(`Expected ${fixedKeysVariable} to hold ${expected}, but ${found}.`)
}
