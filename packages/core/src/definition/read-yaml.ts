import {
  Composer,
  type CST,
  type Document,
  isScalar,
  Lexer,
  type ParsedNode,
  Parser,
  type YAMLError,
} from 'yaml'
import { convertYaml } from './convert-yaml.js'
import {
  emptySource,
  MAX_DEPTH,
  nestedTooDeeply,
  type SourceProblem,
  SourceRefused,
} from './source-problem.js'
import type { SourceTree } from './source-tree.js'

/**
 * What a text may consist of at most: each piece costs some 300 bytes while it is read. The largest definition
 * allowed by default has about 8 million.
 */
const MAX_LEXEMES = 16_000_000

/** Pieces that fit nowhere; far more than are listed. */
const MAX_MISFITS = 1_000

/** The parser's stack holds a few things besides the collections that are open. */
const MAX_PARSER_STACK = MAX_DEPTH + 8

/** YAML 1.2, core schema, whatever a directive in the text says; keys are compared in convert-yaml. */
const OPTIONS = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  uniqueKeys: false,
  prettyErrors: false,
} as const

/** What to do about the mistakes that people make most. */
const HINTS: Partial<Record<YAMLError['code'], string>> = {
  BAD_INDENT: 'Check that lines that belong together begin at the same column, and that brackets are closed.',
  BAD_SCALAR_START: 'Put quotes around the text.',
  BLOCK_AS_IMPLICIT_KEY: 'Put quotes around text that contains ": ", or check the indentation.',
  BLOCK_IN_FLOW: 'Inside [ ] and { } write everything in that style.',
  MISSING_CHAR: 'Check for a missing ":", quote, comma or bracket here or on the line before.',
  MULTILINE_IMPLICIT_KEY: 'Check for a missing ":" or quote, and the indentation.',
  TAB_AS_INDENT: 'Use spaces instead of tabs.',
  UNEXPECTED_TOKEN: 'Check for a missing quote, comma or bracket before it.',
}

/** Reads one YAML document. Never throws; time and memory are linear in the length of the text. */
export function readYaml(source: string): SourceTree {
  try {
    const documents = withoutTraces(() => composed(source))
    const [document, second] = documents
    const errors = documents.flatMap((each) => each.errors)
    if (errors.length > 0) return { problems: errors.map(syntaxProblem) }
    if (second !== undefined) return { problems: [multipleDocuments(second)] }
    const contents = document?.contents ?? null
    return isWritten(contents) ? convertYaml(contents) : { problems: [emptySource()] }
  } catch (error) {
    return { problems: [problemOf(error)] }
  }
}

function composed(source: string): Document.Parsed[] {
  const documents: Document.Parsed[] = []
  for (const document of new Composer(OPTIONS).compose(tokens(source), true, source.length)) {
    documents.push(document)
    if (documents.length === 2) break
  }
  return documents
}

/** The library makes an error of each mistake: where it was made would take most of the time, and nobody is told. */
function withoutTraces<T>(work: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/**
 * The parser fed by hand, to stop what would exhaust the stack or the memory of this thread. A text of nothing but
 * misfits takes ten times as long as a sound one: after enough of them it is read no further.
 */
function* tokens(source: string): Generator<CST.Token, void> {
  const parser = new Parser()
  let count = 0
  let misfits = 0
  for (const lexeme of new Lexer().lex(source)) {
    if (++count > MAX_LEXEMES) throw tooMuch(parser.offset)
    for (const token of parser.next(lexeme)) {
      if (token.type === 'error') misfits += 1
      yield token
    }
    if (misfits >= MAX_MISFITS) break
    if (parser.stack.length > MAX_PARSER_STACK) throw nestedTooDeeply(parser.offset)
  }
  yield* parser.end()
}

/** False for nothing but white space, comments and document markers: not even a `null` is written. */
function isWritten(contents: ParsedNode | null): contents is ParsedNode {
  return contents !== null && !(isScalar(contents) && contents.source === '' && contents.type === 'PLAIN')
}

function syntaxProblem({ code, message, pos }: YAMLError): SourceProblem {
  const hint = HINTS[code]
  const [said = ''] = message.split('\n')
  return {
    code: code === 'TAG_RESOLVE_FAILED' ? 'tag' : 'syntax',
    message: `Expected YAML, but it breaks off here: ${said}.${hint === undefined ? '' : ` ${hint}`}`,
    offset: pos[0],
    pointer: '',
  }
}

function multipleDocuments(second: Document.Parsed): SourceProblem {
  const message =
    'Expected one document, but another begins here. Remove the "---" line, or keep each definition by itself.'
  return { code: 'multiple-documents', message, offset: second.range[0], pointer: '' }
}

function tooMuch(offset: number): SourceRefused {
  const message = `Expected at most ${MAX_LEXEMES} words and signs, but the text has more.`
  return new SourceRefused({ code: 'source-too-large', message, offset })
}

function problemOf(error: unknown): SourceProblem {
  if (error instanceof SourceRefused) return error.problem
  if (error instanceof RangeError) return nestedTooDeeply(0).problem
  const message = `Expected YAML, but the reader gave up: ${error instanceof Error ? error.message : String(error)}.`
  return { code: 'syntax', message, offset: 0, pointer: '' }
}
