import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { jsonLoss } from '@tunacorn/protocol'

class Point {
  readonly x = 1
}

describe('what JSON would lose', () => {
  it.each<[string, unknown]>([
    ['Infinity', Infinity],
    ['-Infinity at /a', { a: -Infinity }],
    ['NaN at /a/1', { a: [0, NaN] }],
    ['NaN at /a~1b~0c/0', { 'a/b~c': [NaN] }],
    ['undefined at /0', [undefined]],
    ['undefined at /1', Array.from({ length: 2, 0: 1 })],
    ['a function at /0', [() => 1]],
    ['a function at /f', { f: () => 1 }],
    ['a symbol at /s', { s: Symbol('s') }],
    ['an object of the class Map at /m', { m: new Map([[1, 2]]) }],
    ['an object of the class Set', new Set()],
    ['an object of the class Error', new Error('no')],
    ['an object of the class Point at /0/p', [{ p: new Point() }]],
    ['an object of the class Number', Object(1)],
    ['an object of the class Uint8Array', new Uint8Array(1)],
    ['Infinity at /__proto__', JSON.parse('{"__proto__":1e999}')],
  ])('is %s', (loss, value) => {
    expect(jsonLoss(value)).toBe(loss)
  })

  it.each<[string, unknown]>([
    ['plain values', [null, true, 'NaN', 0, -0, 1.5, { a: {}, b: [] }]],
    ['properties that are undefined, as JSON does', { a: undefined, b: [{ c: undefined }] }],
    ['objects without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['objects of other realms', runInNewContext('({ a: [{}] })')],
    ['what has a toJSON', [new Date(0), { toJSON: () => 'x', f: () => 1 }]],
    [
      'keys like those of the language',
      JSON.parse('{"toJSON":4,"constructor":{"prototype":2},"__proto__":3}'),
    ],
  ])('is nothing of %s', (_, value) => {
    expect(jsonLoss(value)).toBeUndefined()
  })
})
