import { expect, test } from 'vitest'
import { FrontendBatches } from '../../src/embedded/frontend-batches.js'

function message(type: string, body: string): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(4 + body.length)
  return Buffer.concat([Buffer.from(type), head, Buffer.from(body)])
}

const startup = message('', '\u0000\u0003\u0000\u0000user\0me\0\0')
const cycle = Buffer.concat([
  message('P', 'parse'),
  message('B', 'bind'),
  message('E', 'x'),
  message('S', ''),
])

const query = message('Q', 'select 1\0')
const all = Buffer.concat([startup, cycle, query])

function batchesOf(bytes: Buffer, sliceBytes: number): Buffer[] {
  const batches = new FrontendBatches()
  const sent: Buffer[] = []
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    const batch = batches.take(bytes.subarray(at, at + sliceBytes))
    if (batch) sent.push(Buffer.from(batch))
  }
  return sent
}

test('a cycle is one batch, however the stream has sliced it', () => {
  expect(batchesOf(all, 1)).toEqual([startup, cycle, query])
})

test('nothing is lost or added, however the stream has sliced it', () => {
  for (let size = 1; size <= all.length; size += 1) expect(Buffer.concat(batchesOf(all, size))).toEqual(all)
})

test('what has no answer yet waits', () => {
  const batches = new FrontendBatches()
  batches.take(startup)
  expect(batches.take(message('P', 'parse'))).toBeUndefined()
  expect(batches.take(message('B', 'bind'))).toBeUndefined()
  expect(Buffer.from(batches.take(message('S', '')) ?? [])).toEqual(
    Buffer.concat([message('P', 'parse'), message('B', 'bind'), message('S', '')]),
  )
})

test('the end of a client is not passed on, as it would end the database', () => {
  const batches = new FrontendBatches()
  batches.take(startup)
  expect(batches.take(Buffer.concat([message('X', ''), message('Q', 'select 1\0')]))).toBeUndefined()
})

test('a cancel request is refused', () => {
  const cancel = Buffer.from([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2])
  expect(() => new FrontendBatches().take(cancel)).toThrow('does not support cancel requests')
})
