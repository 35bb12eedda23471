import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import express from 'express'
import express4 from 'express4'
import { describe, expect, onTestFinished, test } from 'vitest'
import { tunacorn, type TunaCornOptions } from '@tunacorn/express'
import { open } from './support/raw.js'
import { recordingLogger } from './support/recording-logger.js'
import { listen } from './support/serve.js'

const assets = new URL('../../dashboard/dist/assets/', import.meta.url)

async function mounted(options: TunaCornOptions = {}, host: typeof express = express): Promise<string> {
  const router = tunacorn({ logger: recordingLogger(), ...options })
  onTestFinished(() => router.close())
  return `${await listen(host().use('/tunacorn', router))}/tunacorn`
}

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('in an app of %s', (_, host) => {
  test('the page is there, asks nothing of anybody else, and is not kept', async () => {
    const url = await mounted({}, host)
    const response = await fetch(`${url}/dashboard`)
    expect([response.status, response.url]).toEqual([200, `${url}/dashboard/`])
    expect(await response.text()).toContain('<div id="page">')
    const header = (name: string) => response.headers.get(name)
    expect(header('content-security-policy')).toMatch(/^default-src 'self'; .*frame-ancestors 'none'/)
    expect(header('content-security-policy')).not.toContain('unsafe')
    expect(header('x-content-type-options')).toBe('nosniff')
    expect(header('referrer-policy')).toBe('no-referrer')
    expect(header('cache-control')).toBe('no-cache')
  })

  test('what it is made of may be kept for ever, compressed or not', async () => {
    const url = await mounted({}, host)
    for (const name of readdirSync(assets)) {
      const response = await fetch(`${url}/dashboard/assets/${name}`)
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(response.headers.get('content-encoding')).toBe('gzip')
      const text = await response.text()
      const plain = await fetch(response.url, { headers: { 'accept-encoding': 'identity' } })
      expect(plain.headers.get('content-encoding')).toBeNull()
      expect(await plain.text()).toBe(text)
    }
  })
})

test('no other file is given, however it is asked for', async () => {
  const url = await mounted()
  for (const path of [
    'package.json',
    '../package.json',
    '..%2fpackage.json',
    '%2e%2e/package.json',
    'assets/',
    'assets',
    '//etc/passwd',
  ]) {
    const asked = open(url, `/dashboard/${path}`, { method: 'GET' }).end()
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    response.resume()
    expect(response.statusCode, path).toBe(404)
  }
})

test('it is not there when the host does not want it', async () => {
  const url = await mounted({ dashboard: false })
  expect((await fetch(`${url}/dashboard/`)).status).toBe(404)
})

test('it is told that it is to offer no changes', async () => {
  const modeOf = async (options: TunaCornOptions) =>
    /name="tunacorn-mode" content="([^"]+)"/.exec(
      await (await fetch(`${await mounted(options)}/dashboard/`)).text(),
    )?.[1]
  expect(await modeOf({})).toBe('full')
  expect(await modeOf({ dashboard: 'read-only' })).toBe('read-only')
})

test('who may not read still gets the page, which holds nothing, and asks for a key', async () => {
  const url = await mounted({ authorize: () => false })
  expect((await fetch(`${url}/dashboard/`)).status).toBe(200)
})
