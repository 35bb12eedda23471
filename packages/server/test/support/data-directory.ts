import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { tunacorn } from './command.js'

/**
 * Data directories for the tests of a file. One is made in full, which takes seconds; `copy` gives each test one of
 * its own.
 */
export function dataDirectories(): { readonly path: (name: string) => string; copy(): Promise<string> } {
  let parent = ''
  let copies = 0
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'tunacorn-server-'))
    const { code, stderr } = await tunacorn(['migrate', '--data-dir', join(parent, 'first')])
    expect({ code, stderr }).toMatchObject({ code: 0 })
  })
  afterAll(() => rm(parent, { recursive: true, force: true }))
  return {
    path: (name) => join(parent, name),
    async copy() {
      const path = join(parent, `copy-${++copies}`)
      await cp(join(parent, 'first'), path, { recursive: true })
      return path
    },
  }
}
