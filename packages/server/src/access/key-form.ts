import { scopes as knownScopes, type Scope } from '@tunacorn/protocol'

export const keyNameRule = 'up to 64 letters, digits, dots and hyphens'

export function isKeyName(name: string): boolean {
  return /^[a-z\d][a-z\d.-]{0,63}$/i.test(name)
}

export const scopesRule = `out of ${knownScopes.join(', ')}`

/** @returns undefined when there is one that is not known, or only nothing */
export function readScopes(given: readonly string[]): Scope[] | undefined {
  const scopes = given.map((scope) => knownScopes.find((known) => known === scope.trim()))
  return scopes.every((scope) => scope !== undefined) ? [...new Set(scopes)] : undefined
}
