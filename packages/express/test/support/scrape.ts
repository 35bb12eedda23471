import type { Api } from './api.js'

/** One line of what Prometheus is told: `tunacorn_tasks{name="A",state="claimed"}` → 1 */
export type Samples = ReadonlyMap<string, number>

/** What a scrape is told of TunaCorn itself, by name and labels in the order of their names. */
export async function scrape(api: Api): Promise<Samples> {
  const { text } = await api.get('/metrics')
  const lines = text.split('\n').filter((line) => line.startsWith('tunacorn_'))
  return new Map(
    lines.map((line) => {
      const [, name = '', labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const sorted = (labels.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? []).toSorted().join()
      return [sorted === '' ? name : `${name}{${sorted}}`, Number(value)]
    }),
  )
}

/** The names of all metrics that a scrape is told. */
export function metricNames(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => name)
}
