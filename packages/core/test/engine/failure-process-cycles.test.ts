import { MemoryStore, type Engine } from '@tunacorn/core'
import { describe, expect, it } from 'vitest'
import { engineOn } from './support.js'

const text = (name: string, failureProcess?: string, task = 'A') =>
  JSON.stringify({ name, ...(failureProcess !== undefined && { failureProcess }), tasks: [{ name: task }] })

async function registering(engine: Engine, ...texts: string[]): Promise<void> {
  for (const one of texts) await engine.registerDefinition(one)
}

describe('failure processes never lead back', () => {
  it('when two definitions that name each other are registered at the same time', async () => {
    const store = new MemoryStore()
    const [one, other] = [engineOn(store), engineOn(store)]
    await registering(one, text('g'), text('h'))
    const registered = await Promise.allSettled([
      one.registerDefinition(text('g', 'h')),
      other.registerDefinition(text('h', 'g')),
    ])
    expect(registered.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })

  it('when a version is removed behind which an older one is the default again', async () => {
    const engine = engineOn(new MemoryStore())
    await registering(engine, text('e'), text('f', 'e'), text('f'), text('e', 'f'))
    await expect(engine.removeDefinition('f', 2)).rejects.toMatchObject({
      code: 'definition-in-use',
      message:
        'Without version 2 of "f", version 1 is the default one again, and its failureProcess cannot be used: ' +
        'Expected failure processes to come to an end, but they lead back: f → e → f. ' +
        'Name another definition, or none. Or remove version 1 first.',
    })
    expect((await engine.fetchDefinition('f')).version).toBe(2)
    await engine.removeDefinition('f', 1)
    await registering(engine, text('f', undefined, 'B'))
    await engine.removeDefinition('f', 3)
  })

  it('nor away: an older version is not the default again without the definition that it names', async () => {
    const engine = engineOn(new MemoryStore())
    await registering(engine, text('e'), text('f', 'e'), text('f'))
    await engine.removeDefinition('e', 1)
    await expect(engine.removeDefinition('f', 2)).rejects.toMatchObject({ code: 'definition-in-use' })
    await registering(engine, text('e'))
    await engine.removeDefinition('f', 2)
    await expect(engine.removeDefinition('e', 2)).rejects.toMatchObject({ code: 'definition-in-use' })
  })
})
