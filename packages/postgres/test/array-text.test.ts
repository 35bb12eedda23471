import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { arrayText, type Item } from '../src/array-text.js'
import { postgresUrl } from './support/databases.js'

test('texts are quoted, what ends them is escaped; nothing is NULL, and no text is', () => {
  expect(arrayText(['a', 'NULL', '', 'a"b', 'c\\d', '{}, ', null, undefined])).toBe(
    String.raw`{"a","NULL","","a\"b","c\\d","{}, ",NULL,NULL}`,
  )
  expect(arrayText([])).toBe('{}')
})

test('numbers, truths and moments stand as they are', () => {
  expect(arrayText([1, -2.5, true, false, new Date(0)])).toBe('{1,-2.5,true,false,1970-01-01T00:00:00.000Z}')
})

test('anything else is refused', () => {
  for (const other of [[1], { a: 1 }, Buffer.from('a')])
    expect(() => arrayText([other as never])).toThrow('Expected texts, numbers, booleans and dates in a list')
  expect(() => arrayText([new Date(Number.NaN)])).toThrow(RangeError)
})

const url = postgresUrl()
describe.skipIf(url === undefined)('PostgreSQL reads', () => {
  let client: pg.Client

  beforeAll(async () => {
    client = new pg.Client({ connectionString: url })
    await client.connect()
  })
  afterAll(() => client.end())

  const read = async (type: string, items: readonly Item[]): Promise<unknown> => {
    const { rows } = await client.query(`SELECT $1::${type}[] AS items`, [arrayText(items)])
    return rows[0].items
  }

  it('any text that it can keep as it was', async () => {
    const text = fc.string({ unit: 'binary' }).filter((one) => !one.includes('\0'))
    const tricky = fc.stringMatching(/^[\\"{}, \n\tNULL]*$/)
    const texts = fc.array(fc.option(fc.oneof(text, tricky)), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(texts, async (items) => {
        expect(await read('text', items)).toEqual(items)
      }),
    )
  })

  it('moments to the millisecond, wherever the server is', async () => {
    const moments = fc.array(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }))
    await client.query(`SET TIME ZONE 'Asia/Kathmandu'`)
    await fc.assert(
      fc.asyncProperty(moments, async (items) => {
        expect(await read('timestamptz', items)).toEqual(items)
      }),
    )
  })
})
