import { describe, expect, it } from 'vitest'
import pg from 'pg'
import { Database } from '../dist/database.js'

/** What comes of a statement to which the database, or who asks it, answers so. */
async function answerTo(said: Error): Promise<unknown> {
  const query = async () => {
    await Promise.resolve()
    throw said
  }
  const connection = { query } as unknown as pg.PoolClient
  const database = new Database({} as pg.Pool, 'tunacorn', { statementLimitMs: 1_000 })
  return database
    .runOn(connection, database.statement('one', 'SELECT 1'), [])
    .catch((cause: unknown) => cause)
}

function saying(severity: string, code: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(`as if: ${code}`, 0, 'error'), { severity, code })
}

describe('a database that cannot now', () => {
  it.for([
    ['FATAL', '57P03', 'is starting'],
    ['FATAL', '57P01', 'is stopped'],
    ['FATAL', '53300', 'has no connection left'],
    ['ERROR', '53100', 'has no space left'],
    ['ERROR', '58030', 'cannot read a file'],
    ['ERROR', '57014', 'was told to give the statement up, or has a limit for it'],
    ['ERROR', '25006', 'is a standby, or is not to be written for a while'],
    ['FATAL', '08P01', 'did not understand'],
    ['FATAL', 'XX000', 'could not write what it wants to write for each new connection, on a full disk'],
    ['PANIC', 'XX000', 'ends itself'],
    ['FATAL', '25P03', 'has ended a transaction that took too long'],
  ] as const)('%s %s: it %s', async ([severity, code]) => {
    const error = Object.assign(saying(severity, code), { where: 'with what was sent' })
    const cause = { code, where: undefined }
    expect(await answerTo(error)).toMatchObject({ code: 'unavailable', cause })
  })

  it('nor answers', async () => {
    const error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    expect(await answerTo(error)).toMatchObject({ code: 'unavailable', cause: error })
  })
})

describe('a database that refuses', () => {
  it.for([
    ['ERROR', '23505', 'what is there already'],
    ['ERROR', '22P02', 'what it cannot read'],
    ['ERROR', 'XX000', 'what would take more memory than it has for one value'],
    ['FATAL', '28P01', 'a wrong password'],
    ['FATAL', '28000', 'a user who may not connect from there'],
    ['FATAL', '3D000', 'a database that does not exist'],
    ['FATAL', '42501', 'a user without the right to connect'],
  ] as const)('%s %s: %s', async ([severity, code]) => {
    const error = saying(severity, code)
    expect(await answerTo(error)).toBe(error)
  })
})
