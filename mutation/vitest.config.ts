import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const inCore = (path: string) => fileURLToPath(new URL(`../packages/core/${path}`, import.meta.url))

// The tests of the rules, against the sources: what Stryker changes is seen without building anew.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: {
    alias: [
      { find: /^@tunacorn\/core\/testing$/, replacement: inCore('src/testing/index.ts') },
      { find: /^@tunacorn\/core$/, replacement: inCore('src/index.ts') },
    ],
  },
  test: {
    include: [`packages/core/test/${process.env['MUTATED'] ?? '{process,definition}'}/**/*.test.ts`],
    // What takes long for being large or for trying much, and what is about the thread that reads what is large.
    exclude: ['**/*large*', '**/linear-time*', '**/*fuzz*', '**/*model*', '**/read-definition.test.ts'],
    testTimeout: 600_000,
    pool: 'forks',
  },
})
