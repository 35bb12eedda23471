import { fileURLToPath } from 'node:url'

// Run by scripts/mutation.mjs in a copy of the workspace, which is why it may be changed in place.
export default {
  plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/vitest-runner'))],
  testRunner: 'vitest',
  vitest: { configFile: 'mutation/vitest.config.ts', related: false },
  inPlace: true,
  checkers: [],
  concurrency: 2,
  // A busy machine shall not be taken for a mutant that goes on for ever.
  timeoutMS: 60_000,
  reporters: ['clear-text', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: 'mutation/report.json' },
  allowConsoleColors: false,
}
