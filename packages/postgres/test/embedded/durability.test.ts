import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openEmbedded } from '@tunacorn/postgres/embedded'
import { afterAll, beforeAll, expect, test } from 'vitest'

const script = fileURLToPath(new URL('insert-until-killed.mjs', import.meta.url))
const rounds = 4
let parent: string

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tunacorn-embedded-'))
})

afterAll(async () => {
  await rm(parent, { recursive: true })
})

/** Runs the script until it has said a line that `isEnough`, kills it, and gives all it has said. */
async function runAndKill(
  directory: string,
  round: number,
  isEnough: (line: string) => boolean,
): Promise<string[]> {
  const child = spawn(process.execPath, [script, directory, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (isEnough(line)) child.kill('SIGKILL')
  }
  return lines
}

const committed = (lines: string[]) =>
  lines.filter((line) => line.startsWith('committed ')).map((line) => line.slice('committed '.length))

test('every acknowledged commit is there after kills, and no half of a transaction', async () => {
  const directory = join(parent, 'killed')
  const acknowledged: string[] = []
  for (let round = 0; round < rounds; round += 1) {
    const enough = 20 + Math.floor(Math.random() * 150)
    const lines = await runAndKill(directory, round, (line) => line === `committed ${round}.${enough}`)
    acknowledged.push(...committed(lines))
    expect(lines[0]).toMatch(round === 0 ? /^Creating/ : /^Recovering/)
  }

  const database = await openEmbedded({ dataDirectory: directory })
  const { rows } = await database.pool.query<{ id: string; halves: number }>(
    'SELECT id, count(*)::int AS halves FROM entry GROUP BY id',
  )
  await database.close()
  const stored = new Set(rows.map(({ id }) => id))
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
  expect(rows.filter(({ halves }) => halves !== 2)).toEqual([])
  // A kill may come between a commit and its acknowledgement: at most once a round.
  expect(stored.size - acknowledged.length).toBeLessThanOrEqual(rounds)
}, 180_000)

test('a first start that was killed is begun anew', async () => {
  const directory = join(parent, 'unfinished')
  const lines = await runAndKill(directory, 0, (line) => line.startsWith('Creating'))
  expect(lines).toEqual([expect.stringMatching(/^Creating/)])
  const database = await openEmbedded({ dataDirectory: directory })
  expect((await database.pool.query('SELECT 1 AS a')).rows).toEqual([{ a: 1 }])
  await database.close()
})
