import type { TestProject } from 'vitest/node'
import { ThrowAwayCluster } from './throw-away-cluster.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** of a real PostgreSQL where databases may be made; undefined: there is none, skip what needs it */
    postgresUrl: string | undefined
  }
}

let cluster: ThrowAwayCluster | undefined

/** Vitest's global setup: a real PostgreSQL for all tests, given or made for this run. */
export async function setup(project: TestProject): Promise<void> {
  const given = process.env['TEST_DATABASE_URL']
  if (!given && ThrowAwayCluster.find()) cluster = await ThrowAwayCluster.create()
  const url = given ? given : cluster?.url
  if (url === undefined) complain()
  project.provide('postgresUrl', url)
}

export async function teardown(): Promise<void> {
  await cluster?.remove()
}

function complain(): void {
  const how =
    'install PostgreSQL (initdb and postgres, e.g. Debian’s package "postgresql"), or set TEST_DATABASE_URL ' +
    'to one where databases may be made'
  if (process.env['TUNACORN_REQUIRE_POSTGRES'] === '1') {
    throw new Error(`TUNACORN_REQUIRE_POSTGRES is set, but there is no PostgreSQL to test with: ${how}`)
  }
  process.stderr.write(
    `\n!!! SKIPPED: all tests on a real PostgreSQL, because there is none. To run them, ${how}.\n\n`,
  )
}
