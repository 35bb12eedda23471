import { type Alias, isAlias, isMap, isScalar, type ParsedNode, type YAMLMap } from 'yaml'
import { duplicateKey } from './source-problem.js'
import { SourceTrail } from './source-trail.js'
import type { SourceEntry, SourceNode, SourceTree } from './source-tree.js'
import { quoted } from './wording.js'

const CORE_TAGS = new Set(
  ['bool', 'float', 'int', 'map', 'null', 'seq', 'str'].map((name) => `tag:yaml.org,2002:${name}`),
)

/** Turns the nodes of the YAML library into ours, refusing what the definition language leaves out of YAML. */
export function convertYaml(contents: ParsedNode): SourceTree {
  const trail = new SourceTrail()
  return trail.treeOf(() => convert(contents))

  function convert(node: ParsedNode): SourceNode {
    const offset = node.range[0]
    if (isAlias(node)) {
      trail.report({ code: 'alias', offset, message: aliasMessage(`*${node.source}`), unusable: true })
      return { kind: 'scalar', offset, value: null }
    }
    reportProperties(node)
    if (isScalar(node)) return { kind: 'scalar', offset, value: node.value }
    if (isMap(node)) return { kind: 'mapping', offset, entries: convertEntries(node) }
    const items = node.items.map((item, index) => within(index, item.range[0], () => convert(item)))
    return { kind: 'list', offset, items }
  }

  function convertEntries({ items }: YAMLMap.Parsed): SourceEntry[] {
    const seen = new Set<string>()
    const entries: SourceEntry[] = []
    for (const { key: keyNode, value: valueNode } of items) {
      const keyOffset = keyNode.range[0]
      const key = keyOf(keyNode)
      if (key === undefined) {
        const message = 'Expected a key to be text, but found something else. Write "key: value".'
        trail.report({ code: 'wrong-type', offset: keyOffset, message })
        continue
      }
      within(key, keyOffset, () => {
        const value = valueNode === null ? missingValue(keyNode) : convert(valueNode)
        if (seen.has(key)) trail.report(duplicateKey(key, keyOffset))
        else entries.push({ key, keyOffset, value })
        seen.add(key)
      })
    }
    return entries
  }

  function keyOf(node: ParsedNode): string | undefined {
    if (!isScalar(node)) return undefined
    reportProperties(node)
    return typeof node.value === 'string' ? node.value : (node.source ?? '')
  }

  function reportProperties({ anchor, tag, range: [offset] }: Exclude<ParsedNode, Alias.Parsed>): void {
    if (anchor !== undefined) trail.report({ code: 'alias', offset, message: aliasMessage(`&${anchor}`) })
    if (tag !== undefined && !CORE_TAGS.has(tag))
      trail.report({ code: 'tag', offset, message: tagMessage(tag) })
  }

  function within<T>(step: string | number, offset: number, work: () => T): T {
    trail.enter(step, offset)
    const result = work()
    trail.leave()
    return result
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
