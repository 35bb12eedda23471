import { isAlias, isMap, isScalar, type ParsedNode, type YAMLMap } from 'yaml'
import { pointerTo } from './pointer.js'
import { duplicateKey, type SourceProblem } from './source-problem.js'
import type { SourceEntry, SourceNode, SourceTree } from './source-tree.js'
import { quoted } from './wording.js'

const CORE_TAGS = new Set(
  ['bool', 'float', 'int', 'map', 'null', 'seq', 'str'].map((name) => `tag:yaml.org,2002:${name}`),
)

/** Turns the nodes of the YAML library into ours, refusing what the definition language leaves out of YAML. */
export function convertYaml(contents: ParsedNode): SourceTree {
  const problems: SourceProblem[] = []
  const path: (string | number)[] = []
  return { root: convert(contents), problems }

  function convert(node: ParsedNode): SourceNode {
    const offset = node.range[0]
    if (isAlias(node)) {
      report('alias', offset, aliasMessage(`*${node.source}`), { unusable: true })
      return { kind: 'scalar', offset, value: null }
    }
    if (node.anchor !== undefined) report('alias', offset, aliasMessage(`&${node.anchor}`))
    if (node.tag !== undefined && !CORE_TAGS.has(node.tag)) report('tag', offset, tagMessage(node.tag))
    if (isScalar(node)) return { kind: 'scalar', offset, value: node.value }
    if (isMap(node)) return { kind: 'mapping', offset, entries: convertEntries(node) }
    const items = node.items.map((item, index) => within(index, () => convert(item)))
    return { kind: 'list', offset, items }
  }

  function convertEntries({ items }: YAMLMap.Parsed): SourceEntry[] {
    const seen = new Set<string>()
    const entries: SourceEntry[] = []
    for (const { key: keyNode, value: valueNode } of items) {
      const keyOffset = keyNode.range[0]
      const key = keyOf(keyNode)
      if (key === undefined) {
        report(
          'wrong-type',
          keyOffset,
          'Expected a key to be text, but found something else. Write "key: value".',
        )
        continue
      }
      const value = within(key, () => (valueNode === null ? missingValue(keyNode) : convert(valueNode)))
      if (seen.has(key)) within(key, () => problems.push(duplicateKey(key, keyOffset, pointer())))
      else entries.push({ key, keyOffset, value })
      seen.add(key)
    }
    return entries
  }

  function keyOf(node: ParsedNode): string | undefined {
    if (!isScalar(node)) return undefined
    if (node.anchor !== undefined) report('alias', node.range[0], aliasMessage(`&${node.anchor}`))
    if (node.tag !== undefined && !CORE_TAGS.has(node.tag)) report('tag', node.range[0], tagMessage(node.tag))
    return typeof node.value === 'string' ? node.value : (node.source ?? '')
  }

  function within<T>(step: string | number, work: () => T): T {
    path.push(step)
    const result = work()
    path.pop()
    return result
  }

  function report(
    code: SourceProblem['code'],
    offset: number,
    message: string,
    more: Pick<SourceProblem, 'unusable'> = {},
  ): void {
    problems.push({ code, message, offset, pointer: pointer(), ...more })
  }

  function pointer(): string {
    return path.reduce<string>(pointerTo, '')
  }
}

/** `{ a, b }` and a lone `? a` give keys without values. */
function missingValue(key: ParsedNode): SourceNode {
  return { kind: 'scalar', offset: key.range[0], value: null }
}

function aliasMessage(found: string): string {
  return `Expected no anchors or aliases, but found ${quoted(found)}. Write out what it stands for.`
}

function tagMessage(tag: string): string {
  return `Expected no tags, but found ${quoted(tag)}. Leave it out.`
}
