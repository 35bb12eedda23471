import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { ApiKey } from '@tunacorn/postgres'
import { hashOf, makeKey } from '../src/access/bearer-key.js'
import { KeyRing, keysFreshMs } from '../src/access/key-ring.js'

/** A ring on keys that can be changed, with a clock that can be put forward. */
function ringOn(keys: ApiKey[], fixed: { name: string; scopes: []; secretHash: Buffer }[] = []) {
  const world = { keys, nowMs: 0, reads: 0, noted: [] as string[][], isAway: false }
  const stored = {
    list: async () => {
      world.reads += 1
      if (world.isAway) throw new Error('away')
      return world.keys
    },
    noteUse: async (ids: readonly string[]) => void world.noted.push([...ids]),
  }
  const logger = pino({ level: 'silent' })
  return { world, ring: new KeyRing({ fixed, stored, logger, now: () => world.nowMs }) }
}

function keyOf(name: string, changed: Partial<ApiKey> = {}) {
  const { key, id, secretHash } = makeKey()
  const [expiresAt, revokedAt, lastUsedAt] = [undefined, undefined, undefined]
  const dates = { createdAt: new Date(0), expiresAt, revokedAt, lastUsedAt }
  return {
    key,
    row: { id, name, scopes: ['read'], secretHash, state: 'live', ...dates, ...changed } as ApiKey,
  }
}

test('a key is long, random, and known by its form', () => {
  const made = Array.from({ length: 100 }, makeKey)
  for (const { key, id } of made) expect(key).toMatch(new RegExp(`^tuna_${id}_[A-Za-z0-9_-]{43}$`))
  expect(new Set(made.map(({ key }) => key.slice(22))).size).toBe(100)
})

test('its holder is found by the whole key, and by nothing less or else', async () => {
  const [ada, bob] = [keyOf('ada'), keyOf('bob')]
  const { ring } = ringOn([ada.row, bob.row])
  expect(await ring.holderOf(ada.key)).toEqual({ state: 'live', name: 'ada', scopes: ['read'] })
  const secretOf = (key: string) => key.slice('tuna_0123456789abcdef_'.length)
  const wrong = [
    '',
    'tuna_',
    secretOf(ada.key),
    ada.key.slice(0, -1),
    `${ada.key}A`,
    ada.key.replace(secretOf(ada.key), secretOf(bob.key)),
    ada.key.toUpperCase(),
    ada.row.secretHash.toString('hex'),
    makeKey().key,
  ]
  for (const key of wrong) expect([key, await ring.holderOf(key)]).toEqual([key, { state: 'unknown' }])
})

test('a key that has ended says so, to who holds it', async () => {
  const [expired, revoked] = [keyOf('e', { state: 'expired' }), keyOf('r', { state: 'revoked' })]
  const { ring } = ringOn([expired.row, revoked.row])
  expect(await ring.holderOf(expired.key)).toEqual({ state: 'expired' })
  expect(await ring.holderOf(revoked.key)).toEqual({ state: 'revoked' })
})

test('the keys are read once for many requests, and what changes is known soon', async () => {
  const { key, row } = keyOf('ada')
  const { ring, world } = ringOn([row])
  await Promise.all(Array.from({ length: 50 }, () => ring.holderOf(key)))
  expect(world.reads).toBe(1)
  world.keys = [{ ...row, state: 'revoked' }]
  world.nowMs = keysFreshMs - 1
  expect((await ring.holderOf(key)).state).toBe('live')
  world.nowMs = keysFreshMs
  expect((await ring.holderOf(key)).state).toBe('revoked')
  expect(world.reads).toBe(2)
})

test('keys are asked for from the first one on, and for good', async () => {
  const { ring, world } = ringOn([])
  expect(await ring.isAsking()).toBe(false)
  world.keys = [keyOf('ada', { state: 'revoked' }).row]
  world.nowMs += keysFreshMs
  expect(await ring.isAsking()).toBe(true)
  world.keys = []
  world.nowMs += keysFreshMs
  expect(await ring.isAsking()).toBe(true)
})

test('a key that was given at the start is asked for, and is enough', async () => {
  const secret = 'given-at-the-start-given-at-the-start'
  const { ring } = ringOn([], [{ name: 'ops', scopes: [], secretHash: hashOf(secret) }])
  expect(await ring.isAsking()).toBe(true)
  expect(await ring.holderOf(secret)).toMatchObject({ state: 'live', name: 'ops' })
  expect(await ring.holderOf(`${secret}.`)).toEqual({ state: 'unknown' })
})

test('when the store is away nobody is let in, and the next request asks again', async () => {
  const { key, row } = keyOf('ada')
  const { ring, world } = ringOn([row])
  await ring.holderOf(key)
  world.isAway = true
  world.nowMs += keysFreshMs
  await expect(ring.holderOf(key)).rejects.toThrow('away')
  await expect(ring.isAsking()).rejects.toThrow('away')
  world.isAway = false
  expect((await ring.holderOf(key)).state).toBe('live')
})

test('it is written down which keys are used: once a minute, and at the end', async () => {
  const [ada, bob] = [keyOf('ada'), keyOf('bob')]
  const { ring, world } = ringOn([ada.row, bob.row])
  for (let second = 0; second < 120; second += 1) {
    world.nowMs = second * 1_000
    await ring.holderOf(ada.key)
  }
  expect(world.noted).toEqual([[ada.row.id], [ada.row.id]])
  await ring.holderOf(bob.key)
  await ring.close()
  expect(world.noted.at(-1)).toEqual([ada.row.id, bob.row.id])
})
