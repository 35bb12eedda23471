import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { chain, definitionText, denseLayers, diamondGrid, fan } from './support/graph.js'
import { databaseKinds, emptyDatabase } from './support/world.js'

const program = fileURLToPath(new URL('../scripts/corpus.mjs', import.meta.url))

const strangeNames = `
# The first task comes last, names need quotes, and the definition has none.
tasks:
  - name: "last: 'of' \\"all\\" 🐟"
    needs: [a/b?c#d, "%2F", "ŝtela nomo", 'null', __proto__]
  - { name: a/b?c#d, needs: ["%2F"] }
  - name: "%2F"
  - name: ŝtela nomo
    needs: [a/b?c#d]
  - name: 'null'
  - name: __proto__
    needs: ['null']
`

const files = {
  'chain.json': definitionText(chain('chain', 40)),
  'fan.json': definitionText(fan('fan', 150)),
  'grid.yaml': definitionText(diamondGrid('grid / of "diamonds"', 7)),
  'layers.yml': definitionText(denseLayers('layers', 4, 12)),
  'strange names.yaml': strangeNames,
}

describe.for(databaseKinds)('on $title', ({ kind, isThere }) => {
  test.skipIf(!isThere)(
    'pnpm corpus runs graphs of every shape to their end, and finds every task done once, after its needs',
    { timeout: 60_000 },
    async () => {
      const folder = await folderOf(files)
      const database = await emptyDatabase(kind)
      const given = database.kind === 'postgres' ? database.url : 'embedded'
      const { code, output } = await corpus(folder, '--database', given, '--workers', '3', '--batch', '20')
      expect(code, output).toBe(0)
      const rows = output.split('\n').filter((line) => line.endsWith('sound'))
      expect(rows.map((row) => row.slice(0, 18).trim())).toEqual(Object.keys(files))
    },
  )
})

test('pnpm corpus says what it expects when it is given nothing to run', async () => {
  const { code, output } = await corpus(await folderOf({ 'notes.txt': 'nothing' }))
  expect(code).toBe(1)
  expect(output).toContain('Expected definitions (.yaml, .yml, .json) in ')
})

async function folderOf(contents: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tunacorn-graphs-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await Promise.all(Object.entries(contents).map(([name, text]) => writeFile(join(folder, name), text)))
  return folder
}

function corpus(...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
    })
  })
}
