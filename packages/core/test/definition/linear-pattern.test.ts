import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LinearPattern } from '../../src/definition/input/linear-pattern.js'
import { PatternRefused } from '../../src/definition/input/parse-pattern.js'

const PIECES = ['a', 'b', 'A', '-', '.', '\\d', '\\w', '\\s', '\\S', '[ab]', '[^a]', '[a-c\\]]', '[^]', '[]']
  .concat(['(', '(?:', '(?<x>', ')', '|', '*', '+', '?', '*?', '{2}', '{0,2}', '{1,}', '{0}', '^', '$'])
  .concat([
    '\\b',
    '\\p{L}',
    '\\P{Lu}',
    '\\u0061',
    '\\u{1F600}',
    '\\uD83D\\uDE00',
    '\\x61',
    '\\.',
    '\\n',
    '\\cJ',
  ])
  .concat(['é', '😀', '[\\p{Lu}😀]', '[é-ü]'])
const CHARACTERS = ['a', 'b', 'A', '-', '.', '1', '_', ' ', '\n', 'c', ']', '😀', 'é', '\ud83d']

const patterns = fc
  .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 10 })
  .map((all) => all.join(''))
const texts = fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 8 }).map((all) => all.join(''))

test('a pattern matches what JavaScript says that it matches, and is none where JavaScript knows none', () => {
  fc.assert(
    fc.property(patterns, fc.array(texts, { minLength: 5, maxLength: 5 }), (source, candidates) => {
      const matches = (pattern: { test(text: string): boolean } | undefined) =>
        candidates.map((text) => [source, text, pattern?.test(text)])
      expect(matches(linearOf(source))).toEqual(matches(nativeOf(source)))
    }),
    { numRuns: 10_000 },
  )
})

// JavaScript's \B also looks between the halves of a surrogate pair, which by the standard is no place.
test('a pattern knows where there is no boundary of a word', () => {
  const pattern = new LinearPattern('a\\Bb')
  expect([pattern.test('ab'), pattern.test('a b'), new LinearPattern('\\B-').test('a-')]).toEqual([
    true,
    false,
    false,
  ])
})

test.each([
  '(a)\\1',
  '(?<x>a)\\k<x>',
  '(?=a)',
  '(?!a)',
  '(?<=a)',
  '(?<!a)',
  'a{5001}',
  '(',
  '[',
  '\\',
  'a**',
  '{1}',
])('the pattern %s is refused', (source) => expect(() => new LinearPattern(source)).toThrow(PatternRefused))

test('nothing, any number of times, is nothing', () => {
  for (const source of ['(?:){1000000000}', '((){1000000000}){1000000000}', '(a*)*', '(a?|b*)+', '(?:^)*']) {
    expect(new LinearPattern(source).test('x')).toBe(true)
  }
})

test('steps grow with the length of the text, not with the ways through the pattern', () => {
  expect(stepsFor(20_000) / stepsFor(10_000)).toBeCloseTo(2, 1)
})

function stepsFor(length: number): number {
  let spent = 0
  new LinearPattern('^(a|a|a?a*)*$').test(`${'a'.repeat(length)}!`, (more) => {
    spent += more
  })
  return spent
}

function linearOf(source: string): LinearPattern | undefined {
  try {
    return new LinearPattern(source)
  } catch (error) {
    if (error instanceof PatternRefused) return undefined
    throw error
  }
}

function nativeOf(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'u')
  } catch {
    return undefined
  }
}
