import { expect, test } from 'vitest'
import { compileInputSchema } from '../../src/definition/input-schema.js'

const listed = <T>(length: number, one: (index: number) => T) =>
  Array.from({ length: Math.floor(length) }, (_, index) => one(index))

// 30 ns a step: a check that takes all its steps takes as long, whatever they are spent on.
const megabyte = 1_000_000
const manyKeys = Object.fromEntries(listed(90_000, (index) => [`k${index}`, 0]))
const manyItems = (item: unknown) => listed(megabyte / (JSON.stringify(item).length + 1), () => item)
test.each([
  ['keys that are counted', { minProperties: 1 }, manyKeys],
  ['names of keys', { propertyNames: { minLength: 1 } }, manyKeys],
  ['keys by patterns', { patternProperties: { '^': {} }, unevaluatedProperties: false }, manyKeys],
  ['other keys', { additionalProperties: { type: 'integer' } }, manyKeys],
  ['unique things', { uniqueItems: true }, manyItems({})],
  ['unique numbers', { uniqueItems: true }, manyItems(1)],
  ['items', { items: { type: 'integer' } }, manyItems(1)],
  ['patterns', { items: { pattern: '^[a-z]+$' } }, manyItems('ab')],
])('a check of an input of a megabyte is given up soon, however many look at its %s', (_, schema, input) => {
  const text = JSON.stringify(input)
  const check = compileInputSchema({ allOf: listed(40, () => schema) })
  check('null')
  const before = process.cpuUsage()
  const [problem] = check(text)
  const { user, system } = process.cpuUsage(before)
  expect(problem?.message ?? '').toMatch(
    /^(Expected an input that can be checked in|Expected a list in which)/,
  )
  // Some were 10 s, some 14.
  expect((user + system) / 1_000).toBeLessThan(3_000)
})
