import { printable } from './wording.js'

/** As much of a definition as can be drawn. */
export interface Drawing {
  readonly name: string
  readonly tasks: readonly { readonly name: string; readonly needs: readonly string[] }[]
}

/** https://mermaid.js.org/syntax/flowchart.html */
export function mermaid({ tasks }: Drawing): string {
  // What has a meaning in Mermaid, or in the HTML that it makes, is written as an entity.
  const quoted = (text: string) =>
    `"${printable(text).replaceAll(/["#&<>\\`]/g, (sign) => `#${sign.codePointAt(0)};`)}"`
  return [
    'flowchart LR',
    ...tasks.map(({ name }, index) => `  t${index}[${quoted(name)}]`),
    ...arrows(tasks).map(([from, to]) => `  t${from} --> t${to}`),
  ].join('\n')
}

/** https://graphviz.org/doc/info/lang.html */
export function dot({ name, tasks }: Drawing): string {
  const quoted = (text: string) => `"${printable(text).replaceAll(/["\\]/g, String.raw`\$&`)}"`
  return [
    `digraph ${quoted(name)} {`,
    '  rankdir=LR',
    '  node [shape=box, style=rounded]',
    ...tasks.map((task, index) => `  t${index} [label=${quoted(task.name)}]`),
    ...arrows(tasks).map(([from, to]) => `  t${from} -> t${to}`),
    '}',
  ].join('\n')
}

function arrows(tasks: Drawing['tasks']): [from: number, to: number][] {
  const places = new Map(tasks.map(({ name }, index) => [name, index]))
  return tasks.flatMap(({ needs }, to) => needs.map((need): [number, number] => [places.get(need) ?? to, to]))
}
