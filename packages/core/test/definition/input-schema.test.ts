import { describe, expect, test } from 'vitest'
import { compileInputSchema } from '../../src/definition/input-schema.js'
import { definitionOf, placesIn, problemsOf } from './outcome.js'

const withInput = (input: unknown) => ({ input, tasks: [{ name: 'A' }] })
const codes = (input: unknown) =>
  problemsOf(withInput(input)).map(({ code, pointer }) => `${code} ${pointer}`)
const checkOf = (input: object) => {
  const check = compileInputSchema(definitionOf(withInput(input)).input ?? {})
  return (value: unknown) => check(JSON.stringify(value ?? null))
}
const pointers = (input: object, value: unknown) => checkOf(input)(value).map(({ pointer }) => pointer)

const LOAN = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['applicant'],
  properties: {
    applicant: { $ref: '#/$defs/person' },
    amount: { type: 'number', minimum: 1 },
    purpose: { enum: ['house', 'car'] },
    'a/b': { type: 'string' },
  },
  additionalProperties: false,
  $defs: { person: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } },
}

const listed = <T>(length: number, one: (index: number) => T) =>
  Array.from({ length: Math.floor(length) }, (_, index) => one(index))
const keyed = <T>(length: number, one: (index: number) => T) =>
  Object.fromEntries(listed(length, (index) => [`k${index}`, one(index)]))

const withinMs = (limitMs: number, work: () => void) => {
  const start = performance.now()
  work()
  expect(performance.now() - start).toBeLessThan(limitMs)
}

/** References that lead from one to the next. */
const chain = (length: number) => ({
  $ref: '#/$defs/a0',
  $defs: Object.fromEntries(
    Array.from({ length }, (_, i) => [`a${i}`, i + 1 === length ? {} : { $ref: `#/$defs/a${i + 1}` }]),
  ),
})

describe('an input', () => {
  test('that fits has no problems', () => {
    expect(checkOf(LOAN)({ applicant: { name: 'Ada' }, amount: 5, purpose: 'car' })).toEqual([])
  })

  test('that does not has each problem with a pointer to where it is, or should be', () => {
    const problems = checkOf(LOAN)({ applicant: {}, amount: '5', purpose: 'boat', 'a/b': 1, more: 1 })
    expect(problems).toEqual(
      expect.arrayContaining([
        { pointer: '/more', message: 'Expected no key "more", but found it.' },
        { pointer: '/applicant/name', message: 'Expected a value here, but found none.' },
        { pointer: '/amount', message: 'Expected the type number, but found the text "5".' },
        { pointer: '/purpose', message: 'Expected one of ["house","car"], but found the text "boat".' },
        { pointer: '/a~1b', message: 'Expected the type string, but found the number 1.' },
      ]),
    )
    expect(problems).toHaveLength(5)
  })

  test('that is absent counts as null', () => {
    expect(pointers(LOAN, undefined)).toEqual([''])
    expect(pointers({ type: ['object', 'null'] }, undefined)).toEqual([])
  })

  test.each<[string, object, unknown, string[]]>([
    ['const', { const: { a: [1] } }, { a: [2] }, ['']],
    ['a false schema', { properties: { a: false } }, { a: 1 }, ['/a']],
    ['a pattern', { pattern: '^[a-z]+(-[a-z]+)*$' }, 'a--b', ['']],
    ['dependentRequired', { dependentRequired: { a: ['b'] } }, { a: 1 }, ['/b']],
    [
      'unevaluatedProperties',
      { allOf: [{ properties: { a: {} } }], unevaluatedProperties: false },
      { b: 1 },
      ['/b'],
    ],
    ['prefixItems', { prefixItems: [{ type: 'string' }], items: false }, ['a', 1], ['']],
    [
      'uniqueItems',
      { uniqueItems: true },
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [''],
    ],
    ['minLength', { minLength: 2 }, '🐟', ['']],
  ])('is checked by %s', (_, schema, value, expected) => {
    expect(pointers(schema, value)).toEqual(expected)
  })

  test('is not checked by format, nor by keywords of other dialects', () => {
    expect(pointers({ format: 'email', id: 'x', nullable: false, $comment: 'x', 'x-order': 1 }, 5)).toEqual(
      [],
    )
  })

  test('has only properties of its own', () => {
    expect(pointers({ required: ['toString', '__proto__'] }, {})).toEqual(['/toString', '/__proto__'])
  })

  test('with very many problems lists a hundred, or the first one', () => {
    const many = checkOf({ items: { type: 'string' } })
    expect(many(Array.from({ length: 1_000 }, () => 1))).toHaveLength(101)
    expect(many(Array.from({ length: 1_000 }, () => 1)).at(-1)?.message).toContain('900 more')
    expect(many(Array.from({ length: 500_000 }, () => 1))).toHaveLength(1)
  })
})

describe('a schema', () => {
  test.each([
    ['a flag', true, 'wrong-type /input'],
    ['text', 'object', 'wrong-type /input'],
    ['nothing', null, 'wrong-type /input'],
    ['an unknown type', { type: 'objekt' }, 'bad-schema /input/type'],
    [
      'a wrong place',
      { properties: { 'a/b': { minimum: 'x' } } },
      'bad-schema /input/properties/a~1b/minimum',
    ],
    ['an older spelling', { items: [{}] }, 'bad-schema /input/items'],
    ['another dialect', { $schema: 'http://json-schema.org/draft-07/schema#' }, 'bad-schema /input/$schema'],
    ['a name', { $id: 'https://example.com/x' }, 'bad-schema /input/$id'],
    ['an anchor within', { items: { $anchor: 'a' } }, 'bad-schema /input/items/$anchor'],
    ['a dynamic reference', { $dynamicRef: '#a' }, 'bad-schema /input/$dynamicRef'],
    ['a reference to elsewhere', { $ref: 'https://example.com/x' }, 'bad-schema /input/$ref'],
    ['a reference to nothing', { not: { $ref: '#/$defs/x' } }, 'bad-schema /input/not/$ref'],
    ['a reference to no schema', { $ref: '#/required', required: ['a'] }, 'bad-schema /input/$ref'],
    ['a reference that is broken', { $ref: '#/%' }, 'bad-schema /input/$ref'],
    ['a broken pattern', { pattern: '(' }, 'bad-schema /input/pattern'],
    ['a pattern that refers back', { pattern: '(a)\\1' }, 'bad-schema /input/pattern'],
    [
      'a pattern that looks ahead',
      { patternProperties: { '(?=a)': {} } },
      'bad-schema /input/patternProperties',
    ],
    ['a pattern that is too long', { pattern: 'a'.repeat(1_001) }, 'bad-schema /input/pattern'],
    ['a pattern that comes to too much', { pattern: '(?:a{100}){100}' }, 'bad-schema /input/pattern'],
    ['itself', { allOf: [{ $ref: '#' }] }, 'bad-schema /input'],
    ['a number JSON does not have', { minimum: Number.NaN }, 'not-json /input/minimum'],
    ['a function', { default: () => 1 }, 'not-json /input/default'],
    ['a big integer', { maximum: 5n }, 'not-json /input/maximum'],
    ['a NUL', { const: 'a\0' }, 'bad-character /input/const'],
    ['a NUL in a key', { properties: { 'a\0': {} } }, 'bad-character /input/properties/a\0'],
    ['half a surrogate pair', { title: '\ud800' }, 'bad-character /input/title'],
  ])('cannot be, or have, %s', (_, schema, expected) => {
    expect(codes(schema)).toEqual([expected])
  })

  test('may have properties that are named like keywords', () => {
    const properties = { $id: { type: 'string' }, $ref: { type: 'string' }, pattern: { type: 'string' } }
    const schema = { properties, default: { $ref: 'x' }, enum: [{ $id: 1 }, { $id: '1' }] }
    expect(pointers(schema, { $id: 1 })).toEqual(['/$id'])
    expect(pointers(schema, { $id: '1' })).toEqual([])
  })

  test('may refer to itself where it goes deeper', () => {
    const tree = { type: 'object', properties: { left: { $ref: '#' }, right: { $ref: '#' } } }
    expect(pointers(tree, { left: { right: { left: 5 } } })).toEqual(['/left/right/left'])
  })

  test('has its problems at their places in the text', () => {
    const source = 'tasks: [{ name: A }]\ninput:\n  properties:\n    a: { type: sting }\n    b: { $ref: x }\n'
    expect(placesIn(source)).toEqual([
      '4:16 bad-schema /input/properties/a/type',
      '5:16 bad-schema /input/properties/b/$ref',
    ])
  })

  test('is copied, so that what was checked is what is used', () => {
    let reads = 0
    const shifty = Object.defineProperty({}, 'type', {
      enumerable: true,
      get: () => ['string', 'x'][reads++],
    })
    expect(definitionOf(withInput(shifty)).input).toEqual({ type: 'string' })
  })

  test('may be at most so large and so deep', () => {
    expect(codes({ enum: Array.from({ length: 20_000 }, (_, i) => i) })).toEqual(['too-long /input'])
    expect(codes({ const: '🐟'.repeat(16_384) })).toEqual(['too-long /input'])
    const nested = (depth: number): object => (depth === 1 ? {} : { not: nested(depth - 1) })
    expect(codes(nested(32))).toEqual([])
    expect(codes(nested(33))).toEqual([`nested-too-deeply /input${'/not'.repeat(32)}`])
    const endless: { not?: object; if?: object } = {}
    endless.not = endless.if = endless
    expect(problemsOf(withInput(endless)).map(({ code }) => code)).toEqual(['nested-too-deeply'])
  })

  test('may throw when it is read', () => {
    const thrower = Object.defineProperty({}, 'type', {
      enumerable: true,
      get: () => {
        throw new Error('must not be read')
      },
    })
    expect(codes(thrower)).toEqual(['unreadable /input/type'])
  })
})

describe('hostile schemas and inputs', () => {
  test('cost no more than some seconds: patterns made to run away', () => {
    const check = checkOf({ pattern: '^(a+)+$' })
    withinMs(5_000, () => expect(check(`${'a'.repeat(200_000)}!`)).toHaveLength(1))
    const many = checkOf({ pattern: '(?:a?){100}$' })
    withinMs(5_000, () => expect(many('a'.repeat(100_000))[0]?.message).toContain('steps'))
  })

  test('are given up: references that double at every level of the input', () => {
    const check = checkOf({ allOf: [{ items: { $ref: '#' } }, { items: { $ref: '#' } }] })
    let deep: unknown = []
    for (let level = 0; level < 60; level++) deep = [deep]
    withinMs(5_000, () => expect(check(deep)[0]?.message).toContain('steps'))
  })

  test('are refused: references that double within the schema', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [
        `a${i}`,
        { allOf: [1, 2].map(() => ({ $ref: `#/$defs/a${i + 1}` })) },
      ]),
    )
    withinMs(5_000, () => {
      expect(codes({ $defs: { ...$defs, a60: {} }, $ref: '#/$defs/a0' })).toEqual(['bad-schema /input'])
    })
  })

  test.each([
    ['properties', (n: number) => ({ properties: keyed(n, () => ({ type: 'string' })) })],
    ['alternatives', (n: number) => ({ anyOf: listed(n, (i) => ({ const: i })) })],
    ['parts that all hold', (n: number) => ({ allOf: listed(n, () => ({})) })],
    ['parts that are never right', (n: number) => ({ anyOf: listed(n, () => ({ not: {} })).slice(n / 2) })],
    ['parts of true and false', (n: number) => ({ oneOf: listed(n, (i) => i % 2 === 0) })],
  ])('are refused, and the largest that are not can be used: too many %s', (_, schemaOf) => {
    expect(codes(schemaOf(500))).toEqual(['bad-schema /input'])
    const largest = schemaOf(498)
    expect(codes(largest)).toEqual([])
    expect(checkOf(largest)({ k1: 1 })).toBeInstanceOf(Array)
  })

  test('that were found sound when more was allowed refuse every input, and end nothing else', () => {
    const check = compileInputSchema({ allOf: listed(500, () => ({})) })
    expect(check('{}')[0]?.message).toMatch(/too many parts/)
  })

  test('are compared in linear time: lists of things that are unique', () => {
    const check = checkOf({ uniqueItems: true })
    withinMs(5_000, () => expect(check(Array.from({ length: 200_000 }, (_, i) => [i]))).toEqual([]))
  })

  test.each(['anyOf', 'oneOf'])(
    'are given up, in little time and memory: doubled references in %s',
    (keyword) => {
      const doubled = Array.from({ length: 40 }, (_, i) => {
        const below = { $ref: `#/$defs/a${i}` }
        return [`a${i + 1}`, { [keyword]: [below, below] }] as const
      })
      const $defs = { a0: { type: 'string' }, ...Object.fromEntries(doubled) }
      const check = checkOf({ $defs, properties: { x: { $ref: '#/$defs/a40' } } })
      const before = process.cpuUsage()
      const bytesBefore = process.memoryUsage().heapTotal
      for (let n = 0; n < 5; n += 1) expect(check({ x: 1 })[0]?.message).toMatch(/in 2\d{5} steps/)
      const { user, system } = process.cpuUsage(before)
      // Of the processor, not of the clock; 20 million steps that kept their errors took 10 s and 1 GB each.
      expect((user + system) / 1_000).toBeLessThan(5_000)
      expect(process.memoryUsage().heapTotal - bytesBefore).toBeLessThan(200e6)
    },
  )

  test.each([
    ['of numbers', { items: { type: 'integer', minimum: 0 } }, 1],
    [
      'of things',
      { $defs: LOAN.$defs, items: LOAN },
      { applicant: { name: 'Ada' }, amount: 5, purpose: 'car' },
    ],
    [
      'of alternatives',
      {
        items: {
          anyOf: [{ type: 'string' }, { type: 'null' }, { required: ['a'], type: 'object' }, { const: 7 }],
        },
      },
      7,
    ],
    ['of words with a pattern', { items: { pattern: '^[a-z]+(-[a-z]+)*$' } }, 'some-words-of-a-text'],
  ])('are none: a list %s as long as a megabyte', (_, schema, item) => {
    const length = Math.floor(1_000_000 / (JSON.stringify(item).length + 1))
    expect(checkOf(schema)(Array.from({ length }, () => item))).toEqual([])
  })

  test('do not exhaust the stack, however deep the input', () => {
    const check = compileInputSchema({ items: { $ref: '#' } })
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(check(deep)[0]?.message).toContain('nested too deeply')
  })

  test('are compiled in time: a chain of as many references as are allowed', () => {
    expect(codes(chain(200))).toEqual([])
    expect(codes(chain(201))).toEqual(['bad-schema /input'])
  })
})
