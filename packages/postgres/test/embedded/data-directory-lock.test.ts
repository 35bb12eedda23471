import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DataDirectoryLock } from '../../src/embedded/data-directory-lock.js'
import { leaveStaleLock } from './stale-lock.js'

let parent: string

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tunacorn-embedded-'))
})

afterAll(async () => {
  await rm(parent, { recursive: true })
})

test('of many racing within one process, one wins each time', async () => {
  const place = join(parent, 'lock-only')
  await mkdir(place)
  for (let round = 0; round < 20; round += 1) {
    if (round % 2 === 0) await leaveStaleLock(place)
    const tries = Array.from({ length: 10 }, () => DataDirectoryLock.acquire(place, () => {}))
    const won = (await Promise.allSettled(tries)).filter((attempt) => attempt.status === 'fulfilled')
    expect(won).toHaveLength(1)
    won[0]?.value.release()
    expect((await readdir(place)).length).toBeLessThanOrEqual(1)
  }
})

test('a process id that is used again does not hold the lock of its earlier owner', async () => {
  const place = join(parent, 'reused-pid')
  await mkdir(place)
  await writeFile(
    join(place, 'lock.7'),
    JSON.stringify({ pid: process.pid, start: 'long ago', host: hostname() }),
  )
  const lock = await DataDirectoryLock.acquire(place, () => {})
  expect(await readdir(place)).toEqual(['lock.8'])
  lock.release()
})

test('a lock that was never written to the end is stale', async () => {
  const place = join(parent, 'torn')
  await mkdir(place)
  await writeFile(join(place, 'lock.1'), '{"pid":')
  const lock = await DataDirectoryLock.acquire(place, () => {})
  expect(await readdir(place)).toEqual(['lock.2'])
  lock.release()
})

test('a lock of another host is respected while it beats', async () => {
  const place = join(parent, 'other-host')
  await mkdir(place)
  const path = join(place, 'lock.1')
  const write = () => writeFile(path, JSON.stringify({ pid: 1, start: '1', host: 'elsewhere' }))
  await write()
  const beating = setInterval(() => void write(), 300)
  const attempt = DataDirectoryLock.acquire(place, () => {})
  await expect(attempt).rejects.toMatchObject({ pid: 1, host: 'elsewhere' })
  clearInterval(beating)
})
