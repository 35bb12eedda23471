import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { postgresUrl } from './support/databases.js'
import { testStores } from './support/test-stores.js'

const dayMs = 86_400_000
const aKey = (name: string, lifeMs?: number) => ({
  id: randomBytes(8).toString('hex'),
  name,
  scopes: ['read', 'work'],
  secretHash: randomBytes(32),
  lifeMs,
})

describe.skipIf(postgresUrl() === undefined)('the keys of the API', () => {
  const current = testStores()

  it('are kept with the hash of their secret, and listed oldest first', async () => {
    const { apiKeyList: keys } = current().store
    const [first, second] = [aKey('first'), aKey('second', 90 * dayMs)]
    await keys.add(first)
    await keys.add(second)
    const [one, other, ...rest] = await keys.list()
    expect(rest).toEqual([])
    const { lifeMs: _, ...kept } = first
    expect(one).toMatchObject({ ...kept, state: 'live', expiresAt: undefined, lastUsedAt: undefined })
    expect(other!.expiresAt!.getTime() - other!.createdAt.getTime()).toBe(90 * dayMs)
    expect(other!.secretHash.equals(second.secretHash)).toBe(true)
  })

  it('have names of their own while they are not revoked', async () => {
    const { apiKeyList: keys } = current().store
    expect(await keys.add(aKey('ada'))).toMatchObject({ name: 'ada' })
    expect(await keys.add(aKey('ada'))).toBeUndefined()
    expect(await keys.revoke('ada')).toMatchObject({ name: 'ada', state: 'revoked' })
    expect(await keys.revoke('ada')).toBeUndefined()
    expect(await keys.add(aKey('ada'))).toMatchObject({ state: 'live' })
    expect((await keys.list()).map(({ state }) => state)).toEqual(['revoked', 'live'])
    expect(await keys.revoke('nobody')).toBeUndefined()
  })

  it('expire by the clock of the database', async () => {
    const { store, pool, schema } = current()
    await store.apiKeyList.add(aKey('ada', dayMs))
    await pool.query(`UPDATE ${schema}.api_key SET expires_at = now() + interval '1 hour'`)
    expect((await store.apiKeyList.list())[0]?.state).toBe('live')
    await pool.query(`UPDATE ${schema}.api_key SET expires_at = now()`)
    expect((await store.apiKeyList.list())[0]?.state).toBe('expired')
  })

  it('remember when they were last used', async () => {
    const { apiKeyList: keys } = current().store
    const ada = aKey('ada')
    await keys.add(ada)
    await keys.add(aKey('bob'))
    await keys.noteUse([ada.id, 'gone'])
    expect((await keys.list()).map(({ lastUsedAt }) => lastUsedAt instanceof Date)).toEqual([true, false])
  })
})

describe.skipIf(postgresUrl() === undefined)('what the database refuses', () => {
  const current = testStores()

  it('is told without the values that were sent', async () => {
    const { store } = current()
    const refused = {
      ...aKey('secret-name'),
      scopes: ['secret-scope'],
      secretHash: Buffer.from('secret-hash'),
    }
    const error: unknown = await store.apiKeyList.add(refused).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: '23514', constraint: 'api_key_secret_hash_check' })
    const hex = refused.secretHash.toString('hex')
    const shown = JSON.stringify(error, [...Object.getOwnPropertyNames(error)])
    for (const value of ['secret-name', 'secret-scope', hex]) expect(shown).not.toContain(value)
  })
})
