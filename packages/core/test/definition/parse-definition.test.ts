import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../src/definition/parse-definition.js'
import { DefinitionError } from '../../src/definition/problem.js'
import { placesIn, problemsIn } from './outcome.js'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

describe('the example of the first README', () => {
  const source = fixture('broken-loan-application.yaml')

  test('has two mistakes, and both are found with their places', () => {
    expect(placesIn(source)).toEqual([
      '12:13 unknown-need /tasks/3/needs/0',
      '17:9 unknown-need /tasks/4/needs/1',
    ])
  })

  test('gets a suggestion for the slip of the keys, and no far-fetched one', () => {
    const [first, second] = problemsIn(source)
    expect(first?.suggestion).toBe('Open Loan Application')
    expect(second).not.toHaveProperty('suggestion')
  })

  test('is sound once both are corrected', () => {
    const corrected = source
      .replace('Open Load', 'Open Loan')
      .replace('Check House', 'Review Application Details')
    expect(parseDefinition(corrected).tasks.map(({ needs }) => needs.length)).toEqual([0, 1, 1, 1, 3])
  })
})

describe('text', () => {
  const both = {
    tasks: [
      { name: 'A', needs: [] },
      { name: 'B', needs: ['A'] },
    ],
  }

  test.each([
    ['YAML', 'tasks:\n  - name: A\n  - name: B\n    needs: [A]\n'],
    ['YAML with Windows line ends', 'tasks:\r\n  - name: A\r\n  - name: B\r\n    needs:\r\n    - A\r\n'],
    ['YAML after a byte order mark', '\uFEFFtasks: [{name: A}, {name: B, needs: [A]}]'],
    ['YAML with a document marker', '---\ntasks: [{name: A}, {name: B, needs: [A]}]\n...\n'],
    ['JSON', '{"tasks": [{"name": "A"}, {"name": "B", "needs": ["A"]}]}'],
    [
      'JSON indented by tabs',
      '{\n\t"tasks": [\n\t\t{"name": "A"},\n\t\t{"name": "\\u0042", "needs": ["A"]}\n\t]\n}',
    ],
    ['JSON after a byte order mark', '\uFEFF{"tasks":[{"name":"A"},{"name":"B","needs":["A"]}]}'],
  ])('can be %s', (_, source) => {
    expect(parseDefinition(source)).toEqual(both)
  })

  test.each([[''], ['  \n'], ['# only a comment\n'], ['---\n'], ['\uFEFF']])('%j is empty', (source) => {
    expect(placesIn(source)).toEqual(['1:1 empty-source'])
  })

  test('is YAML 1.2, whatever a directive says', () => {
    const source = '%YAML 1.1\n---\ntasks: [{name: yes}, {name: no}, {name: 012:30}, {name: "<<"}]'
    expect(parseDefinition(source).tasks.map(({ name }) => name)).toEqual(['yes', 'no', '012:30', '<<'])
  })

  test.each([
    ['1', 'the number 1', '"1"'],
    ['0x1F', 'the number 31', 'quotes'],
    ['true', 'true', '"true"'],
    ['null', 'nothing (null)', 'quotes'],
    ['', 'nothing (null)', 'quotes'],
  ])('reads the name %j as YAML does, and says to put quotes around it', (written, found, advice) => {
    const [problem] = problemsIn(`tasks:\n  - name: ${written}\n`)
    expect(problem).toMatchObject({ code: 'wrong-type', line: 2, pointer: '/tasks/0/name' })
    expect(problem?.message).toContain(found)
    expect(problem?.message).toContain(advice)
  })

  test('of more bytes than allowed is refused unread', () => {
    const source = 'tasks: [{name: éé}]'
    expect(placesIn(source, { limits: { maxSourceBytes: 21 } })).toEqual([])
    expect(placesIn(source, { limits: { maxSourceBytes: 20 } })).toEqual(['1:1 source-too-large'])
  })

  test.each([
    ['a NUL', 'tasks:\n  - name: A # \0\n', '2:15 bad-character'],
    ['half a surrogate pair', 'tasks: # \ud800\n', '1:10 bad-character'],
  ])('with %s is refused, since few can store it', (_, source, expected) => {
    expect(placesIn(source)).toEqual([expected])
  })
})

describe('places', () => {
  test('are those of the key for keys, of the mapping for what is missing, else of the value', () => {
    const source = [
      'title: x',
      'tasks:',
      '  - name: A',
      '    need: [B]',
      '  - needs: [A, Z]',
      '  - name: A',
      '    needs:',
      '      - A',
      '  - 5',
    ].join('\n')
    expect(placesIn(source)).toEqual([
      '1:1 unknown-key /title',
      '4:5 unknown-key /tasks/0/need',
      '5:5 missing-name /tasks/1',
      '5:16 unknown-need /tasks/1/needs/1',
      '6:11 duplicate-name /tasks/2/name',
      '9:5 wrong-type /tasks/3',
    ])
  })

  test('of what is taken name the line where it stands first', () => {
    const [problem] = problemsIn('tasks:\n  - name: A\n  - name: A\n')
    expect(problem?.message).toContain('on line 2')
  })

  test('are the same in JSON', () => {
    const source = '{\n  "tasks": [\n    {"name": "A", "needs": ["B"]},\n    {"nam": "B"}\n  ]\n}'
    expect(placesIn(source)).toEqual([
      '3:29 unknown-need /tasks/0/needs/0',
      '4:5 missing-name /tasks/1',
      '4:6 unknown-key /tasks/1/nam',
    ])
  })

  test('are right after Windows line ends and a byte order mark', () => {
    expect(placesIn('\uFEFFtitle: x\r\ntasks:\r\n  - name: 1\r\n')).toEqual([
      '1:1 unknown-key /title',
      '3:11 wrong-type /tasks/0/name',
    ])
  })

  test('of a cycle are those of a need on it', () => {
    const source =
      'tasks:\n  - name: A\n    needs: [C]\n  - name: B\n    needs: [A]\n  - name: C\n    needs: [B]\n'
    expect(placesIn(source)).toEqual(['3:13 cycle /tasks/0/needs/0'])
  })
})

describe('what YAML has and the definition language has not', () => {
  test('is refused: anchors, aliases and merge keys, each with its place', () => {
    const source =
      'tasks:\n  - &a\n    name: A\n  - *a\n  - name: B\n    needs: *b\n  - <<: *a\n    name: C\n'
    expect(placesIn(source)).toEqual([
      '3:5 alias /tasks/0',
      '4:5 alias /tasks/1',
      '6:12 alias /tasks/2/needs',
      '7:9 alias /tasks/3/<<',
    ])
  })

  test('does not grow: a billion laughs are ten aliases', () => {
    const lines = [
      'a0: &a0 [x, x]',
      ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`),
    ]
    expect(placesIn(lines.join('\n')).some((place) => place.includes(' alias '))).toBe(true)
  })

  test('is refused: tags, except those of the core schema', () => {
    expect(placesIn('tasks:\n  - name: !!str 1\n')).toEqual([])
    expect(placesIn('tasks:\n  - name: !secret A\n')).toEqual(['2:19 tag /tasks/0/name'])
    expect(placesIn('tasks:\n  - name: !!binary aGk=\n')[0]).toContain(' tag ')
    expect(placesIn('tasks: !!set {}\n')[0]).toContain(' tag ')
  })

  test('is refused: a second document', () => {
    expect(placesIn('tasks: [{name: A}]\n---\ntasks: [{name: B}]\n')).toEqual(['2:1 multiple-documents'])
  })

  test('is refused: keys that are no text', () => {
    expect(placesIn('? [a]\n: b\ntasks: [{name: A}]\n')).toEqual(['1:3 wrong-type'])
    expect(placesIn('1: b\ntasks: [{name: A}]\n')).toEqual(['1:1 unknown-key /1'])
  })

  test('is refused: a key that stands twice, in JSON too', () => {
    expect(placesIn('tasks:\n  - name: A\n    name: B\n')).toEqual(['3:5 duplicate-key /tasks/0/name'])
    expect(placesIn('{"tasks": [{"name": "A", "name": "A"}]}')).toEqual(['1:26 duplicate-key /tasks/0/name'])
    expect(placesIn('__proto__: 1\n__proto__: 2\ntasks: [{name: A}]\n')).toEqual([
      '1:1 unknown-key /__proto__',
      '2:1 duplicate-key /__proto__',
    ])
  })
})

describe('text that breaks off', () => {
  test.each([
    ['a tab', 'tasks:\n\t- name: A\n', '2:1 syntax', 'spaces instead of tabs'],
    ['a colon in plain text', 'tasks:\n  - name: A: B\n', '2:11 syntax', 'quotes around text'],
    ['an open bracket', 'tasks: [{name: A}\n', '2:1 syntax', 'brackets are closed'],
    ['an odd indent', 'tasks:\n  - name: A\n - name: B\n', '3:1 syntax', 'check the indentation'],
  ])('says where and what to do about %s', (_, source, place, advice) => {
    const [problem] = problemsIn(source)
    expect(placesIn(source)[0]).toBe(place)
    expect(problem?.message).toContain(advice)
  })

  test.each([
    ['YAML', 'tasks:\n  - name: A\n', '1:1 syntax'],
    ['a comma too many', '{"tasks": [\n{"name": "A"},\n]}', '3:1 syntax'],
    ['a comment', '{"tasks": [{"name": "A"}]} // x', '1:28 syntax'],
    ['single quotes', "{'tasks': []}", '1:2 syntax'],
    ['a line break in text', '{"tasks": [{"name": "A\n"}]}', '1:21 syntax'],
    ['an unknown escape', '{"tasks": [{"name": "A\\x"}]}', '1:21 syntax'],
    ['text without an end', '{"tasks": [{"name": "A\\"}]}', '1:21 syntax'],
    ['a number with a zero before', '{"tasks": 01}', '1:12 syntax'],
    ['nothing', ' ', '1:1 empty-source'],
  ])('as JSON is refused for %s', (_, source, place) => {
    expect(placesIn(source, { format: 'json' })).toEqual([place])
  })

  test.each([
    ['lists', '['.repeat(100_000)],
    ['mappings', '{"a":'.repeat(100_000)],
    ['block lists', '- '.repeat(100_000)],
    ['block mappings', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('is refused when %s are nested too deeply', (_, source) => {
    expect(problemsIn(source).map(({ code }) => code)).toEqual(['nested-too-deeply'])
    const [problem] = problemsIn(source, { format: 'json' })
    expect(problem?.code).toMatch(/nested-too-deeply|syntax/)
  })
})

describe('the error', () => {
  test('names the first problem, its place and how many there are', () => {
    const source = 'tasks:\n  - name: A\n    needs: [B]\n  - {}\n'
    expect(() => parseDefinition(source)).toThrow(DefinitionError)
    expect(() => parseDefinition(source)).toThrow(
      /^The definition has 2 problems; the first \(line 3, column 13\): .*"B"/,
    )
  })
})
