import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

// What it does to the program that it lives in, seen from a program of its own.

const packageDirectory = fileURLToPath(new URL('..', import.meta.url))

/** Runs a script, which must end by itself, and reads the last line that it prints as JSON. */
async function run(script: string, ...flags: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', script], {
    cwd: packageDirectory,
    timeout: 15_000,
  })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

const serveAndAsk = (router: string) => `
  const app = express().use('/tunacorn', ${router})
  const server = app.listen(0, '127.0.0.1', async () => {
    const url = 'http://127.0.0.1:' + server.address().port + '/tunacorn'
    const headers = { 'content-type': 'application/yaml' }
    const body = 'name: a\\ntasks: [{ name: A }]'
    const { status } = await fetch(url + '/definitions', { method: 'POST', headers, body })
    const { items } = await (await fetch(url + '/definitions')).json()
    console.log(JSON.stringify([status, items.length]))
    server.closeAllConnections()
    server.close()
  })`

test.each(['express', 'express4'])('CommonJS can require it beside %s', async (express) => {
  const script = `
    const express = require('${express}')
    const { tunacorn, TunaCornError } = require('@tunacorn/express')
    if (!(new TunaCornError('forbidden') instanceof Error)) throw new Error('Expected an error')
    ${serveAndAsk('tunacorn()')}`
  expect(await run(script)).toEqual([201, 1])
})

test('an ES module can import it', async () => {
  const script = `
    import express from 'express'
    import { tunacorn } from '@tunacorn/express'
    ${serveAndAsk('tunacorn()')}`
  expect(await run(script, '--input-type=module')).toEqual([201, 1])
})

test.each([
  ['in memory', '{}'],
  ['with a database that is not there', `{ database: 'postgresql://nobody@127.0.0.1:1/nothing' }`],
])(
  '%s, it never listens, leaves signals and errors to the host, and does not keep it alive',
  async (_, options) => {
    const script = `
    import net from 'node:net'
    let listened = 0
    const { listen } = net.Server.prototype
    net.Server.prototype.listen = function (...rest) { listened += 1; return listen.apply(this, rest) }
    const { tunacorn } = await import('@tunacorn/express')
    const before = process.eventNames().map(String)
    tunacorn(${options})
    process.once('exit', () => {
      const own = process.eventNames().map(String).filter((name) => !before.includes(name) && name !== 'exit')
      console.log(JSON.stringify({ listened, own }))
    })`
    expect(await run(script, '--input-type=module', '--unhandled-rejections=strict')).toEqual({
      listened: 0,
      own: [],
    })
  },
)

test('it reads nothing of the environment', async () => {
  const script = `
    import { tunacorn } from '@tunacorn/express'
    const read = []
    const env = process.env
    process.env = new Proxy(env, { get: (_, name) => (read.push(String(name)), env[name]) })
    const router = tunacorn()
    await router.ready
    await router.close()
    console.log(JSON.stringify(read.filter((name) => !name.startsWith('NODE_'))))`
  expect(await run(script, '--input-type=module')).toEqual([])
})
