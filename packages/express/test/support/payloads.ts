/** JSON of every kind, with what breaks where somebody parses, prints or merges without care. */
export const payloads: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['false', false],
  ['zero', 0],
  ['a number', -12.5e-7],
  ['the largest number that is safe', Number.MAX_SAFE_INTEGER],
  ['the largest number', Number.MAX_VALUE],
  ['an empty text', ''],
  ['text', 'Größe 🐟 \u2028 \u0000 "\\'],
  ['half of a surrogate pair', '\ud83d'],
  ['an empty list', []],
  ['a list', [1, 'a', null, [{}]]],
  ['an empty object', {}],
  ['an object', { a: { b: [null] }, '': 1, 'a b': 2 }],
  [
    'hostile names',
    JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":2},"toString":3,"toJSON":4}'),
  ],
]
