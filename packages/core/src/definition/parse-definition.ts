import { checkInto, type CheckOptions, limitsOf } from './check-definition.js'
import type { Definition } from './definition.js'
import { DefinitionError } from './problem.js'
import { ProblemList } from './problem-list.js'
import { readJson } from './read-json.js'
import { readYaml } from './read-yaml.js'
import { type FailureProcessFault, reportFailureProcess } from './report-failure-process.js'
import { badCharacter, emptySource } from './source-problem.js'
import { offsetOf, plainValue, SourceLines, type SourceNode, type SourceTree } from './source-tree.js'
import { described } from './wording.js'

export interface ParseOptions extends CheckOptions {
  /** `'yaml'` unless given, which JSON is too; `'json'` refuses whatever is not strict JSON. */
  readonly format?: 'yaml' | 'json'
  /** What has been found to be wrong with its failure process: refused for that, at its place in the text. */
  readonly failureProcessFault?: FailureProcessFault
}

/** What neither YAML nor JSON allows in a text; most databases neither. */
// oxlint-disable-next-line no-control-regex
const NOT_IN_SOURCES = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff]/u

/**
 * Reads a definition from YAML or JSON text, at once and on this thread: some 10 µs for each task or need in
 * YAML, 1 µs in JSON. Throws `DefinitionError`, and nothing else, with every problem and its position.
 */
export function parseDefinition(source: string, options: ParseOptions = {}): Definition {
  refuseUnlessTextOfSize(source, options)
  const text = source.startsWith('\uFEFF') ? source.slice(1) : source
  const limits = limitsOf(options)
  const tree = readSource(text, options.format ?? 'yaml')
  const problems = new ProblemList(limits.maxProblems, locator(text, tree.root))
  reportSourceProblems(tree, text, problems)
  if (tree.root !== undefined) {
    const rules = { limits, requireName: options.requireName ?? false }
    const document = plainValue(tree.root)
    const definition = checkInto(problems, document, rules)
    const { failureProcessFault: fault } = options
    if (fault !== undefined) reportFailureProcess(fault, document, problems)
    else if (definition !== undefined) return definition
  }
  throw new DefinitionError(problems.toArray())
}

/** Throws `DefinitionError` for what is too large to be looked at, or is no text at all. */
export function refuseUnlessTextOfSize(source: string, options: CheckOptions): void {
  if (typeof source !== 'string') {
    const message = `Expected the definition's text, but found ${described(source)}.`
    throw new DefinitionError([{ code: 'wrong-type', message, pointer: '' }])
  }
  const { maxSourceBytes } = limitsOf(options)
  const bytes = Buffer.byteLength(source)
  if (bytes <= maxSourceBytes) return
  const message = `Expected at most ${maxSourceBytes} bytes of text, but the definition has ${bytes}.`
  throw new DefinitionError([{ code: 'source-too-large', message, pointer: '', line: 1, column: 1 }])
}

function readSource(text: string, format: 'yaml' | 'json'): SourceTree {
  const bad = NOT_IN_SOURCES.exec(text)
  if (bad !== null) return { problems: [badCharacter(bad[0], bad.index)] }
  if (text.trim() === '') return { problems: [emptySource()] }
  if (format === 'json') return readJson(text)
  // All JSON is YAML, and the reader for it is ten times quicker.
  const json = /^\s*\{/.test(text) ? readJson(text) : undefined
  return json?.root === undefined ? readYaml(text) : json
}

/** Lines are only counted when there is something to say about one. */
function locator(text: string, root: SourceNode | undefined) {
  let lines: SourceLines | undefined
  return (pointer: string, part: 'key' | 'value') => {
    lines ??= new SourceLines(text)
    return lines.placeOf(root === undefined ? 0 : offsetOf(root, pointer, part))
  }
}

function reportSourceProblems({ problems: found }: SourceTree, text: string, problems: ProblemList): void {
  if (found.length === 0) return
  const lines = new SourceLines(text)
  for (const { code, message, offset, pointer, unusable = false } of found) {
    const finding = { code, pointer, message: () => message, place: lines.placeOf(offset) }
    if (unusable) problems.addUnusable(finding)
    else problems.add(finding)
  }
}
