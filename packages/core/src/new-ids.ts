import { randomFillSync } from 'node:crypto'
import { v7 as uuidV7 } from 'uuid'

const drawBytes = 16

// Drawn for many at a time: the call to the operating system costs more than all else about an id.
const pool = Buffer.alloc(256 * drawBytes)
let used = pool.length

/** 128 random bits, for use at once: none are given twice, and what is given is overwritten later. */
function draw(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool.subarray(used, (used += drawBytes))
}

/** 128 random bits, as 22 characters; they are not kept here. */
export function newSecret(): string {
  const bytes = draw()
  const secret = bytes.toString('base64url')
  bytes.fill(0)
  return secret
}

const last = { ms: 0, sequence: 0 }

/** A version 7 UUID: later ones of this process are greater, however many there are in a millisecond. */
export function newId(): string {
  const random = draw()
  const now = Date.now()
  if (now > last.ms) {
    last.ms = now
    // With room above it for more than can be made in a millisecond.
    last.sequence = random.readUInt32BE() >>> 1
  } else last.sequence += 1
  return uuidV7({ random, msecs: last.ms, seq: last.sequence })
}
