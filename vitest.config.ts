import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const built = (path: string) => fileURLToPath(new URL(`packages/${path}`, import.meta.url))

// Tests run against what users get: the built packages.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@tunacorn\/core\/testing$/, replacement: built('core/dist/testing/index.js') },
      { find: /^@tunacorn\/postgres\/embedded$/, replacement: built('postgres/dist/embedded/index.js') },
      {
        find: /^@tunacorn\/(protocol|core|postgres|express|client)$/,
        replacement: built('$1/dist/index.js'),
      },
    ],
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['packages/postgres/test/support/postgres-for-tests.ts'],
    testTimeout: 20_000,
    // A new embedded database takes half a minute where much else runs.
    hookTimeout: 180_000,
    pool: 'forks',
    // The default leaves every second core idle: many tests wait for processes of their own.
    maxWorkers: '100%',
  },
})
