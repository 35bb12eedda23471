import { version } from 'uuid'
import { describe, expect, it } from 'vitest'
import { newId, newSecret } from '../dist/new-ids.js'

describe('what is made up', () => {
  it('is an id that is greater than those before, however many there are in a millisecond', () => {
    const ids = Array.from({ length: 10_000 }, newId)
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.every((id) => version(id) === 7)).toBe(true)
  })

  it('is a secret of 128 bits that no other one shares anything with', () => {
    const secrets = Array.from({ length: 10_000 }, newSecret)
    expect(new Set(secrets).size).toBe(secrets.length)
    expect(secrets.every((secret) => /^[\w-]{22}$/.test(secret))).toBe(true)
    const bytes = Buffer.concat(secrets.map((secret) => Buffer.from(secret, 'base64url')))
    // Each of the 256 values comes up about 625 times.
    const counts = new Uint32Array(256)
    for (const byte of bytes) counts[byte]! += 1
    expect(Math.min(...counts)).toBeGreaterThan(450)
    expect(Math.max(...counts)).toBeLessThan(800)
  })
})
