import { createHash, randomBytes } from 'node:crypto'

/** `tuna_<id>_<secret>`: the id is no secret and finds the key; the secret is 256 random bits in base64url. */
const form = /^tuna_([0-9a-f]{16})_([\w-]{43})$/

export interface MadeKey {
  readonly id: string
  /** What its holder sends. Shown once, and kept nowhere. */
  readonly key: string
  readonly secretHash: Buffer
}

export function makeKey(): MadeKey {
  const id = randomBytes(8).toString('hex')
  const secret = randomBytes(32).toString('base64url')
  return { id, key: `tuna_${id}_${secret}`, secretHash: hashOf(secret) }
}

/** The parts of a key; undefined for what is none of ours. */
export function partsOf(key: string): { readonly id: string; readonly secretHash: Buffer } | undefined {
  const [, id, secret] = form.exec(key) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secretHash: hashOf(secret) }
}

/** Of what is random, one round of SHA-256 is enough: there is nothing to be guessed. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
