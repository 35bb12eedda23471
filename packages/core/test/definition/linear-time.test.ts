import { describe, expect, test } from 'vitest'
import { isProof } from '../../../../test/support/proof.js'
import { problemsIn } from './outcome.js'

/** Characters of a small text, and how many times as long the large one is. */
const [small, times] = isProof ? [32 * 1024, 16] : [2 * 1024, 8]

const repeated = (piece: string, length: number) =>
  piece.repeat(Math.max(1, Math.floor(length / piece.length)))

/** About so many characters of pieces that differ. */
function counted(pieceAt: (index: number) => string, length: number): string {
  let text = ''
  for (let index = 0; text.length < length; index += 1) text += pieceAt(index)
  return text
}

/** Of more than 16,383 characters V8 hashes nothing but how many they are: in a set, all such texts are compared. */
const longKey = 'k'.repeat(17_000)

const flowList = (piece: string) => (n: number) => `tasks: [${repeated(piece, n)}]`
const oneTask = (needs: string) => `tasks: [{ name: A, needs: [${needs}] }]`

/** Texts that somebody might write so as to have them read for ever; each of about `n` characters. */
const shapes: Record<string, (n: number) => string> = {
  'sound tasks': (n) =>
    `tasks:\n${counted((i) => `  - name: Task ${i}\n    needs: [${i > 0 ? `Task ${i - 1}` : ''}]\n`, n)}`,
  'sound tasks in JSON': (n) =>
    `{"tasks":[${counted((i) => `${i > 0 ? ',' : ''}{"name":"T${i}","needs":[${i > 0 ? `"T${i - 1}"` : ''}]}`, n)}]}`,
  'unknown needs': (n) =>
    `tasks:\n${counted((i) => `  - { name: Some Task ${i}, needs: [Some Tsk ${i}] }\n`, n)}`,
  'one task with unknown needs': (n) => oneTask(counted((i) => `N${i}, `, n)),
  'the same need': (n) => oneTask(repeated('A, ', n)),
  'many cycles': (n) => `tasks:\n${counted((i) => `  - { name: T${i}, needs: [T${i ^ 1}] }\n`, n)}`,
  'one large cycle': (n) => {
    const count = Math.floor(n / 32)
    const tasks = Array.from(
      { length: count },
      (_, i) => `  - { name: T${i}, needs: [T${(i + 1) % count}] }\n`,
    )
    return `tasks:\n${tasks.join('')}`
  },
  'the same name': (n) => `tasks:\n${repeated('  - name: A\n', n)}`,
  'long names': (n) => `tasks:\n${counted((i) => `  - name: ${'x'.repeat(1_000)}${i}\n`, n)}`,
  'flow lists': flowList('a, '),
  'flow lists of nothing': flowList(','),
  'flow lists of pairs': flowList('a: b, '),
  'flow lists of colons': flowList(': '),
  'flow lists of question marks': flowList('? '),
  'flow lists that do not end': (n) => `tasks: [${repeated('a, ', n)}`,
  'keys that differ': (n) => counted((i) => `k${i}: 1\n`, n),
  'the same key': (n) => repeated('a: 1\n', n),
  // With so few of them that both texts are read the same way: after 1,000 problems JSON is read once more, as YAML.
  'the same key in JSON': (n) => `{${repeated(`"${'a'.repeat(20)}":1,`, n)}"a":1}`,
  'empty keys': (n) => repeated(': 1\n', n),
  'keys without values': (n) => counted((i) => `? k${i}\n`, n),
  'keys that are lists': (n) => repeated('? [a]\n: b\n', n),
  'a long key above many aliases': (n) => `? ${longKey}\n: [${repeated('*a, ', n)}]`,
  'a long key above the same key in JSON': (n) => `{"${longKey}":{${repeated('"a":1,', n)}"a":1}}`,
  aliases: flowList('*a, '),
  'aliases that differ': (n) => `tasks: [${counted((i) => `*a${i}, `, n)}]`,
  'anchors that differ': (n) => `tasks: [${counted((i) => `&a${i} x, `, n)}]`,
  'anchors on one value': (n) => `tasks: ${repeated('&a ', n)}`,
  tags: flowList('!foo x, '),
  'merged keys': (n) => `x: &a { b: 1 }\ny:\n${repeated('  <<: *a\n', n)}`,
  'deep flow lists': (n) => `tasks: ${'['.repeat(n)}`,
  'deep lists': (n) => repeated('- ', n),
  'deep lists in JSON': (n) => `{"tasks":${'['.repeat(n)}`,
  'many lists that are nested deeply': (n) => repeated(`- ${'['.repeat(90)}${']'.repeat(90)}\n`, n),
  'stairs of keys': (n) => repeated(Array.from({ length: 80 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''), n),
  'a long quoted text': (n) => `description: "${'x'.repeat(n)}"`,
  'a quoted text of many lines': (n) => `description: "${repeated('x\n ', n)}"`,
  'a quoted text of escapes': (n) => `description: "${repeated('\\n', n)}"`,
  'a quoted text of wrong escapes': (n) => `description: "${repeated('\\q', n)}"`,
  'a quoted text of spaces': (n) => `description: '${' '.repeat(n)}'`,
  'a quoted text that does not end': (n) => `description: "${repeated('x\n ', n)}`,
  'a long plain text': (n) => `description: ${repeated('x  ', n)}y`,
  'a plain text of many lines': (n) => `description: ${repeated('x\n ', n)}`,
  'a plain text of colons': (n) => `description: ${':'.repeat(n)}`,
  'a block text': (n) => `description: |\n${repeated('  x\n', n)}`,
  'a folded block text': (n) => `description: >\n${repeated('  x\n    y\n\n', n)}`,
  'a block text of empty lines': (n) => `description: |\n${repeated(' \n', n)}  x`,
  'a block text that ends with empty lines': (n) => `description: |-\n  x\n${'\n'.repeat(n)}`,
  'comments before': (n) => `${repeated('# c\n', n)}tasks: []`,
  'comments within': (n) => `tasks:\n${repeated('  - x # c\n  # d\n\n', n)}`,
  'comments within a flow list': flowList(' #c\n a,'),
  'comments after': (n) => `tasks: []\n${repeated('# c\n', n)}`,
  'empty lines': (n) => `${'\n'.repeat(n)}a: 1`,
  tabs: (n) => `a:\n${repeated('\t- b\n', n)}`,
  'tabs within a flow list': flowList('\t\n\ta,'),
  spaces: (n) => `a: ${' '.repeat(n)}b`,
  'carriage returns': (n) => repeated('a: 1\r', n),
  documents: (n) => repeated('---\na: 1\n', n),
  'document ends': (n) => `a: 1\n${repeated('...\n', n)}`,
  directives: (n) => `${repeated('%FOO bar\n', n)}---\na: 1`,
  'tag directives': (n) => `${counted((i) => `%TAG !e${i}! tag:x,${i}:\n`, n)}---\na: 1`,
  'a huge number': (n) => `a: ${'9'.repeat(n)}`,
  'a huge number in JSON': (n) => `{"tasks":${'9'.repeat(n)}}`,
  'a huge hexadecimal number': (n) => `a: 0x${'f'.repeat(n)}`,
  'a long duration': (n) => `timeout: ${repeated('1d', n)}\ntasks: []`,
  'brackets that close nothing': (n) => repeated(']\n', n),
  'signs that begin nothing': (n) => repeated('@a\n', n),
  'keys in values': (n) => repeated('a: b: c\n', n),
  'text after quotes': (n) => `a: [${repeated('"b" "c" ', n)}]`,
  'wrong types': (n) => `tasks:\n${repeated('  - 1\n', n)}`,
  'wrong needs': (n) => oneTask(repeated('1, ', n)),
  'a schema of many keys': (n) => `input: { ${counted((i) => `k${i}: 1, `, n)} }\ntasks: [{ name: A }]`,
  'a schema with a long pattern': (n) =>
    `input: { type: string, pattern: "${repeated('(a+)+', n)}" }\ntasks: [{ name: A }]`,
}

/** Milliseconds of the processor: what else the machine does meanwhile does not count. */
function costOf(source: string): number {
  const before = process.cpuUsage()
  problemsIn(source)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

describe(`a text that is ${times} times as long takes no more than ${3 * times} times as long to read`, () => {
  // The square would be 64, or 256. What takes less than this is lost in what the collector of garbage does.
  const noiseMs = 5

  test.each(Object.entries(shapes))('%s', { timeout: 120_000 }, (_, textOf) => {
    const [short, long] = [textOf(small), textOf(small * times)]
    costOf(short)
    let shortMs = costOf(short)
    let longMs = costOf(long)
    for (let again = 0; again < 4 && longMs > 3 * times * Math.max(shortMs, noiseMs / times); again += 1) {
      shortMs = Math.max(shortMs, costOf(short))
      longMs = Math.min(longMs, costOf(long))
    }
    expect(longMs).toBeLessThan(3 * times * Math.max(shortMs, noiseMs / times))
  })
})

describe('a text of nothing but mistakes takes no more than three times as long as a sound one', () => {
  const length = 64 * 1024
  const sound = shapes['sound tasks']?.(length) ?? ''
  const mistakes = {
    ']': repeated(']', length),
    '- @': repeated('- @\n', length),
    '%F': `${repeated('%F\n', length)}---\na: 1`,
  }

  test.each(Object.entries(mistakes))('%s', { timeout: 60_000 }, (_, text) => {
    costOf(sound)
    let soundMs = costOf(sound)
    let mistakesMs = costOf(text)
    for (let again = 0; again < 6 && mistakesMs > 3 * soundMs; again += 1) {
      soundMs = Math.max(soundMs, costOf(sound))
      mistakesMs = Math.min(mistakesMs, costOf(text))
    }
    expect(mistakesMs).toBeLessThan(3 * soundMs)
  })
})
