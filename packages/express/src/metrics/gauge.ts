import type { Gauge, Registry } from 'prom-client'
import { promClient } from './prom-client.js'

export interface GaugeOptions<Label extends string> {
  readonly name: string
  readonly help: string
  readonly labels: readonly Label[]
  /** What it is when somebody asks: a value for each set of labels; none while nothing is known. */
  readonly look: () => readonly Sample<Label>[] | Promise<readonly Sample<Label>[]>
}

type Sample<Label extends string> = readonly [value: number, labels?: Readonly<Record<Label, string>>]

export function addGauge<Label extends string = never>(
  registry: Registry,
  { name, help, labels, look }: GaugeOptions<Label>,
): void {
  const collect = async (): Promise<void> => {
    const samples = await look()
    gauge.reset()
    // Without labels it would be told as zero.
    if (labels.length === 0 && samples.length === 0) gauge.remove()
    for (const [value, labelled] of samples) gauge.set(labelled ?? {}, value)
  }
  const { Gauge: OfPrometheus } = promClient()
  const gauge: Gauge = new OfPrometheus({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect,
  })
}
