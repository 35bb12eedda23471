import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import type pg from 'pg'
import { Database } from '../dist/database.js'

it('a connection that breaks with the packet that brings it ends nothing but what it was for', async () => {
  const released: unknown[] = []
  const connection = Object.assign(new EventEmitter(), {
    query: async () => {
      await Promise.resolve()
      throw new Error('Connection terminated')
    },
    release: (broken: unknown) => released.push(broken),
  })
  const breaks = () => connection.emit('error', new Error('terminating connection'))
  const pool = {
    connect(callback?: (error: undefined, connection: unknown) => void) {
      // As pg does: whoever waits is told, then the rest of the packet is read.
      callback?.(undefined, connection)
      const given = Promise.resolve(connection)
      breaks()
      return given
    },
  } as unknown as pg.Pool
  const database = new Database(pool, 'tunacorn', { statementLimitMs: 1_000 })
  const work = database.transaction(() => Promise.resolve(1))
  await expect(work).rejects.toMatchObject({ code: 'unavailable' })
  expect(released).toEqual([expect.any(Error)])
  expect(connection.listenerCount('error')).toBe(0)
})
