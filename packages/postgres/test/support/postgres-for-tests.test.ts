import type { TestProject } from 'vitest/node'
import { afterEach, expect, test, vi } from 'vitest'
import { setup } from './postgres-for-tests.js'
import { ThrowAwayCluster } from './throw-away-cluster.js'

// The setup only ever calls `provide`.
const provide = vi.fn<TestProject['provide']>()
const project = { provide } as unknown as TestProject

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  provide.mockClear()
})

test('a given PostgreSQL is used as it is', async () => {
  vi.stubEnv('TEST_DATABASE_URL', 'postgresql://given')
  await setup(project)
  expect(provide).toHaveBeenCalledExactlyOnceWith('postgresUrl', 'postgresql://given')
})

test('without any, one loud line says what is skipped, and nothing is provided', async () => {
  vi.stubEnv('TEST_DATABASE_URL', '')
  vi.stubEnv('TUNACORN_REQUIRE_POSTGRES', '')
  vi.spyOn(ThrowAwayCluster, 'find').mockReturnValue(undefined)
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  await setup(project)
  expect(write).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^\n!!! SKIPPED: .*TEST_DATABASE_URL/))
  expect(provide).toHaveBeenCalledExactlyOnceWith('postgresUrl', undefined)
})

test('without any where it is required, there are no tests at all', async () => {
  vi.stubEnv('TEST_DATABASE_URL', '')
  vi.stubEnv('TUNACORN_REQUIRE_POSTGRES', '1')
  vi.spyOn(ThrowAwayCluster, 'find').mockReturnValue(undefined)
  await expect(setup(project)).rejects.toThrow('there is no PostgreSQL to test with')
})
