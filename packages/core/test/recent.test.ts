import { describe, expect, it } from 'vitest'
import { Recent } from '../dist/engine/recent.js'

describe('what was used lately', () => {
  const recent = (maxWeight: number) => new Recent<string>(maxWeight, (value) => value.length)

  it('is kept, and what was not used for longest is forgotten', () => {
    const kept = recent(10)
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']) {
      kept.set(key, key)
      expect(kept.get('a')).toBe('a')
    }
    expect(kept.get('b')).toBeUndefined()
    expect(kept.get('l')).toBe('l')
  })

  it('never weighs more than it may, but for a single one that does', () => {
    const kept = recent(10)
    const keys = Array.from({ length: 100 }, (_, index) => `k${index}`)
    for (const key of keys) kept.set(key, '123')
    const weight = keys.reduce((sum, key) => sum + (kept.get(key)?.length ?? 0), 0)
    expect(weight).toBeLessThanOrEqual(12)
    kept.set('heavy', '12345678901234567890')
    expect(kept.get('heavy')).toHaveLength(20)
  })

  it('is what was set last, and nothing once it is deleted, be it old or young', () => {
    const kept = recent(4)
    kept.set('a', '1')
    kept.set('a', '2')
    expect(kept.get('a')).toBe('2')
    for (const key of ['b', 'c']) kept.set(key, '1')
    kept.delete('a')
    kept.delete('c')
    expect([kept.get('a'), kept.get('b'), kept.get('c')]).toEqual([undefined, '1', undefined])
  })
})
