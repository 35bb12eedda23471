import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../bin', import.meta.url))

/** Runs Node, and gives what it ends with. */
function node(...args: string[]): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }))
  })
}

test('a Node that is too old is told so, not shown a syntax error', async () => {
  const old = 'Object.defineProperty(process, "versions", { value: { node: "20.18.3" } })'
  const { code, stderr } = await node('--import', `data:text/javascript,${old}`, join(bin, 'tunacorn.js'))
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^tunacorn: Expected Node 20\.19 or newer, but this is v\S+ Install a newer Node\.\n$/,
  )
})

test('a checkout that is not built says how to build it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tunacorn-bin-'))
  try {
    await cp(bin, join(directory, 'bin'), { recursive: true })
    await cp(join(bin, '../package.json'), join(directory, 'package.json'))
    const { code, stderr } = await node(join(directory, 'bin', 'tunacorn.js'))
    expect(code).toBe(1)
    expect(stderr).toMatch(/^tunacorn: Expected it to be built, but there is no \S+dist\. .*"npm start".*\n$/)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
