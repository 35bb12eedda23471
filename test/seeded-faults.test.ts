import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** A fault of mutation/faults.mjs: in each file, `is` becomes something else. */
interface Fault {
  readonly name: string
  readonly edits: readonly (readonly [file: string, is: string, becomes: string])[]
}

const root = new URL('..', import.meta.url)
const { faults } = (await import(new URL('mutation/faults.mjs', root).href)) as { faults: readonly Fault[] }

// Trying them all takes minutes (`pnpm mutants`); that they still fit the code is seen here.
test.each(faults)('there is a place for the fault: $name', ({ edits }) => {
  for (const [file, is, becomes] of edits) {
    const code = readFileSync(new URL(file, root), 'utf8')
    expect(code.split(is).length - 1, `${is}\nin ${file}`).toBe(1)
    expect(becomes).not.toBe(is)
  }
})
