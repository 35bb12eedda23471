import { readFile } from 'node:fs/promises'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { tunacorn, type TunaCornRouter } from '@tunacorn/express'
import { recordingLogger } from './support/recording-logger.js'
import { metricNames } from './support/scrape.js'

interface Documented {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
}

const read = (file: string) => readFile(new URL(`../../../docs/operations/${file}`, import.meta.url), 'utf8')

// On PostgreSQL, which has everything to measure and need not be there for it.
const database = 'postgres://127.0.0.1:1/none'
const registry = new Registry()
let routers: TunaCornRouter[]
/** All that a server serves, the Node.js process included, with the type and the labels of what is ours. */
let served: readonly string[]
let ours: readonly Documented[]

beforeAll(async () => {
  routers = [registry, true].map((metrics) => tunacorn({ database, metrics, logger: recordingLogger() }))
  ours = registry.getMetricsAsArray().map((metric) => {
    const { name, type, labelNames } = metric as unknown as Omit<Documented, 'labels'> & {
      labelNames: string[]
    }
    return { name, type, labels: labelNames }
  })
  const { collectDefaultMetrics } = await import('prom-client')
  const own = new Registry()
  collectDefaultMetrics({ register: own })
  served = [...ours.map(({ name }) => name), ...metricNames(await own.metrics())]
})

afterAll(async () => {
  await Promise.all(routers.map((router) => router.close()))
})

test('each metric is documented, with its type and its labels, and no other', async () => {
  const rows = (await read('metrics.md')).split('\n').filter((line) => line.startsWith('| `tunacorn_'))
  const documented = rows.map((row) => {
    const [, name = '', type = '', , labels = ''] = row.split('|').map((cell) => cell.trim())
    const labelNames = [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label)
    return { name: name.replaceAll('`', ''), type, labels: labelNames }
  })
  const byName = (a: Documented, b: Documented) => (a.name < b.name ? -1 : 1)
  expect(documented.toSorted(byName)).toEqual(ours.toSorted(byName))
})

describe('what operators are given asks only for what there is', () => {
  test.each([
    ['the alert rules', rules],
    ['the dashboard', panels],
  ])('%s', async (_, expressions) => {
    const found = await expressions()
    expect(found.length).toBeGreaterThan(10)
    for (const expression of found) {
      const selectors = selectorsIn(expression)
      for (const { name, labels } of selectors) {
        expect([...served, 'up'], expression).toContain(name)
        expect([...labelsOf(name), ...everywhere], expression).toEqual(expect.arrayContaining(labels))
      }
      const known = [...selectors.flatMap(({ name }) => labelsOf(name)), ...everywhere]
      expect(known, expression).toEqual(expect.arrayContaining(groupsIn(expression)))
    }
  })
})

async function rules(): Promise<string[]> {
  const { groups } = parse(await read('alerts.yaml')) as { groups: { rules: { expr: string }[] }[] }
  return groups.flatMap((group) => group.rules.map(({ expr }) => expr))
}

async function panels(): Promise<string[]> {
  const dashboard = JSON.parse(await read('grafana-dashboard.json')) as {
    panels: { targets?: { expr: string }[] }[]
  }
  return dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
}

/** Labels that Prometheus adds. */
const everywhere = ['le', 'job', 'instance']

function labelsOf(name: string): readonly string[] {
  return ours.find((metric) => metric.name === name)?.labels ?? []
}

/** The metrics of an expression, each with the labels that it is chosen by. */
function selectorsIn(expression: string): { name: string; labels: string[] }[] {
  const found = expression.matchAll(/\b((?:tunacorn|nodejs|process)_\w+|up)\b(?:\{([^}]*)\})?/g)
  return [...found].map(([, name = '', matchers = '']) => ({
    name: name.replace(/_(?:bucket|sum|count)$/, ''),
    labels: [...matchers.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => label),
  }))
}

function groupsIn(expression: string): string[] {
  return [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/))
}
