import { readFile } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import { exitCodes } from '../dist/failures.js'
import { program } from '../dist/program.js'

const commands = program().commands
let page = ''
beforeAll(async () => {
  page = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
})

/** What the page says of a command, up to the next heading. */
function sectionOf(name: string): string {
  return new RegExp(`^### \`tunacorn ${name}\`\n([^]*?)(?=^##|$(?![^]))`, 'm').exec(page)?.[1] ?? ''
}

test('docs/cli.md has all commands, in the order of the help', () => {
  const described = [...page.matchAll(/^### `tunacorn (\S+)`$/gm)].map(([, name]) => name)
  expect(described).toEqual(commands.map((command) => command.name()))
})

test.each(commands.map((command) => command.name()))('its example and flags of %s are real', (name) => {
  const section = sectionOf(name)
  const examples = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text]) => text)
  expect(examples.join('')).toMatch(new RegExp(`tunacorn ${name}\\b`))
  const all = commands.flatMap((command) => [command, ...command.commands])
  const real = new Set(all.flatMap((command) => command.options.map(({ long }) => long)))
  const named = [...section.matchAll(/(?<=[\s`])--[a-z-]+/g)].map(([flag]) => flag)
  // Those of a program that is run come behind a lone "--".
  expect(named.filter((flag) => !real.has(flag) && flag !== '--strict')).toEqual([])
})

test('every command prints JSON when asked, but those that serve', () => {
  const leaves = commands.flatMap((command) =>
    command.commands.length === 0 ? [command] : [...command.commands],
  )
  const without = leaves.filter(({ options }) => !options.some(({ long }) => long === '--json'))
  expect(without.map((command) => command.name())).toEqual(['dev', 'serve'])
})

test('docs/cli.md has all exit codes', () => {
  const described = [...page.matchAll(/^\| (\d+) /gm)].map(([, code]) => Number(code))
  expect(described).toEqual(Object.values(exitCodes))
})
