import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readFixedKeys } from '../src/access/fixed-keys.js'

const secret = 'Zm9vYmFyYmF6cXV4/corge+grault.garply='
const other = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
const sha256 = (text: string) => createHash('sha256').update(text).digest()

test('keys are a name, scopes and a secret, of which only the hash is kept', () => {
  expect(readFixedKeys(` worker-1:work+read:${secret} , ops:admin:${other},`)).toEqual([
    { name: 'worker-1', scopes: ['work', 'read'], secretHash: sha256(secret) },
    { name: 'ops', scopes: ['admin'], secretHash: sha256(other) },
  ])
})

test.each([undefined, '', ' ', ','])('there may be none: %j', (text) => {
  expect(readFixedKeys(text)).toEqual([])
})

describe('what will not do is refused, told by its place, and never shown:', () => {
  test.each([
    [
      'a secret alone',
      secret,
      'keys such as worker-1:work+read:<secret>, but key 1 has fewer than three parts',
    ],
    ['no scopes', `w:${secret}`, 'but key 1 has fewer than three parts'],
    ['a second one', `a:read:${other},w:${secret}`, 'but key 2 has fewer than three parts'],
    ['an unknown scope', `w:work+write:${secret}`, 'scopes out of read, start, work, define, admin'],
    ['an empty scope', `w::${secret}`, 'scopes out of'],
    ['a secret as its name', `${secret}:read:w`, 'names of up to 64 letters'],
    ['a secret as its scope', `w:${secret}:read`, 'scopes out of'],
    ['a short secret', `w:read:${other.slice(0, 31)}`, 'secrets of 32 random characters or more'],
    ['a word again and again', `w:read:${'changeme'.repeat(4)}`, 'but key 1 has one that can be guessed'],
    ['a secret that no header holds', `w:read:${other} ${other}`, 'secrets of letters, digits and -._~+/='],
    ['one name twice', `w:read:${secret},w:work:${other}`, 'one key of each name, but two have the same'],
  ])('%s', (_, text, message) => {
    const read = () => readFixedKeys(text)
    expect(read).toThrow('Expected TUNACORN_API_KEYS to hold ')
    expect(read).toThrow(message)
    for (const shown of [secret, other, other.slice(0, 31), 'changeme']) expect(read).not.toThrow(shown)
  })
})
