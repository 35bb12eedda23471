import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const [, threats = '', owasp = ''] =
  /^## Each threat[^]*?(^\|[^]*)^## OWASP[^]*?(^\|[^]*)/m.exec(
    readFileSync(`${root}docs/security.md`, 'utf8'),
  ) ?? []

const rowsOf = (table: string) =>
  table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))

/** Test files of all packages, by their names alone. */
const tests = readdirSync(`${root}packages`)
  .map((name) => `${root}packages/${name}/test`)
  .filter((directory) => existsSync(directory))
  .flatMap((directory) => readdirSync(directory, { recursive: true, encoding: 'utf8' }))
const testNames = new Set(tests.map((file) => basename(file)))

const isThere = (name: string) => (name.includes('/') ? existsSync(root + name) : testNames.has(name))

const filesIn = (text: string) => [...text.matchAll(/`([\w./-]+\.(?:ts|mjs))`/g)].map(([, name = '']) => name)
const linksIn = (text: string) =>
  [...text.matchAll(/\]\(([\w./-]+\.md)\)/g)].map(([, name = '']) => `docs/${name}`)

test('docs/security.md has a control and a proof that is there for each threat', () => {
  const rows = rowsOf(threats)
  expect(rows.length).toBeGreaterThan(20)
  for (const [threat, control, proof = ''] of rows) {
    const named = [...filesIn(proof), ...linksIn(proof)]
    expect([threat, control === '', named.length > 0]).toEqual([threat, false, true])
    expect([threat, named.filter((name) => !isThere(name))]).toEqual([threat, []])
  }
})

test('docs/security.md has an answer to each of the ten risks of OWASP', () => {
  const rows = rowsOf(owasp)
  expect(rows.map(([id]) => id)).toEqual(Array.from({ length: 10 }, (_, index) => `API${index + 1}`))
  for (const [id, risk, answer = ''] of rows) {
    expect([id, risk === '', answer === '']).toEqual([id, false, false])
    expect([id, filesIn(answer).filter((name) => !isThere(name))]).toEqual([id, []])
  }
})
