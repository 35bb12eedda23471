import { describe, expect, test } from 'vitest'
import { definitionOf, problemsOf } from './outcome.js'

const task = (name: string, ...needs: string[]) => ({ name, needs })
const codes = (value: unknown, options?: Parameters<typeof problemsOf>[1]) =>
  problemsOf(value, options).map(({ code, pointer }) => `${code} ${pointer}`.trimEnd())

describe('a sound definition', () => {
  test('comes back with every task and need in the order written', () => {
    const value = { name: 'n', description: 'two\nlines', tasks: [task('B', 'A'), { name: 'A' }] }
    expect(definitionOf(value)).toEqual({ ...value, tasks: [task('B', 'A'), task('A')] })
  })

  test('shares nothing with the value it was made from, and cannot be changed', () => {
    const value = { tasks: [task('A'), task('B', 'A')] }
    const definition = definitionOf(value)
    value.tasks[1]?.needs.push('B')
    expect(definition.tasks[1]).toEqual(task('B', 'A'))
    expect(Object.isFrozen(definition.tasks)).toBe(true)
    expect(Object.isFrozen(definition.tasks[1]?.needs)).toBe(true)
  })

  test('is sound whatever the order of its tasks', () => {
    const tasks = [task('A'), task('B', 'A'), task('C', 'A', 'B')]
    expect(problemsOf({ tasks: tasks.toReversed() })).toEqual([])
  })

  test('may use names that mean something to JavaScript', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']
    const value = { tasks: [...names.map((name) => task(name)), task('last', ...names)] }
    expect(definitionOf(value).tasks.at(-1)?.needs).toEqual(names)
  })

  test('leaves out keys that are undefined, as programs write them', () => {
    const value = { name: undefined, description: undefined, tasks: [{ name: 'A', needs: undefined }] }
    expect(definitionOf(value)).toStrictEqual({ tasks: [task('A')] })
  })
})

describe('names', () => {
  test.each([
    ['a missing one', {}, 'missing-name /tasks/0'],
    ['an empty one', { name: '' }, 'empty-name /tasks/0/name'],
    ['one of white space', { name: ' \t' }, 'empty-name /tasks/0/name'],
    ['white space around', { name: ' A' }, 'surrounding-space /tasks/0/name'],
    ['a NUL', { name: 'a\0b' }, 'bad-character /tasks/0/name'],
    ['a line break', { name: 'a\nb' }, 'bad-character /tasks/0/name'],
    ['half a surrogate pair', { name: 'a\ud83d' }, 'bad-character /tasks/0/name'],
    ['257 characters', { name: 'é'.repeat(257) }, 'too-long /tasks/0/name'],
    ['a number', { name: 1 }, 'wrong-type /tasks/0/name'],
    ['nothing', { name: null }, 'wrong-type /tasks/0/name'],
    ['a list', { name: ['A'] }, 'wrong-type /tasks/0/name'],
  ])('refuse %s', (_, item, expected) => {
    expect(codes({ tasks: [item] })).toEqual([expected])
  })

  test('may have 256 characters, counted as people do', () => {
    expect(problemsOf({ tasks: [{ name: '🐟'.repeat(256) }] })).toEqual([])
  })

  test('that are no text say that quotes make them so', () => {
    const [problem] = problemsOf({ tasks: [{ name: true }] })
    expect(problem?.message).toContain('put quotes around it: "true"')
  })

  test('that are wrong do not make the needs that refer to them wrong too', () => {
    const tasks = [{ name: 1 }, task(' B '), task('C', '1', ' B ')]
    expect(codes({ tasks })).toEqual(['wrong-type /tasks/0/name', 'surrounding-space /tasks/1/name'])
  })

  test('that are taken say where they stand first', () => {
    const [problem, ...others] = problemsOf({ tasks: [task('A'), task('B'), task('A')] })
    expect(others).toEqual([])
    expect(problem).toMatchObject({ code: 'duplicate-name', pointer: '/tasks/2/name' })
    expect(problem?.message).toContain('at /tasks/0/name')
  })

  test('of the definition are asked for only where it is to be registered', () => {
    const tasks = [task('A')]
    expect(codes({ tasks })).toEqual([])
    expect(codes({ tasks }, { requireName: true })).toEqual(['missing-name'])
    expect(codes({ name: 'x', tasks }, { requireName: true })).toEqual([])
  })

  test.each(['.', '..'])('of the definition cannot be %s, which no URL can carry', (name) => {
    expect(codes({ name, tasks: [task('A')] })).toEqual(['bad-name /name'])
  })
})

describe('needs', () => {
  test('that are unknown get the name that was meant', () => {
    const [problem] = problemsOf({
      tasks: [task('Open Loan Application'), task('B', 'open load application')],
    })
    expect(problem).toMatchObject({
      code: 'unknown-need',
      pointer: '/tasks/1/needs/0',
      suggestion: 'Open Loan Application',
    })
  })

  test('that resemble no name get no suggestion', () => {
    const [problem] = problemsOf({ tasks: [task('Review Credit'), task('B', 'Check House')] })
    expect(problem).not.toHaveProperty('suggestion')
  })

  test('are refused when listed twice, or the task itself', () => {
    const tasks = [task('A'), task('B', 'A', 'A', 'B')]
    expect(codes({ tasks })).toEqual(['duplicate-need /tasks/1/needs/1', 'self-need /tasks/1/needs/2'])
  })

  test('written as text come with the list to write instead', () => {
    const [problem] = problemsOf({ tasks: [task('A'), { name: 'B', needs: 'A' }] })
    expect(problem).toMatchObject({ code: 'wrong-type', pointer: '/tasks/1/needs' })
    expect(problem?.message).toContain('needs: [A]')
  })

  test.each([[1], [null], [{}], [[]], [undefined]])('refuse %j as the name of a task', (need) => {
    const tasks = [task('A'), { name: 'B', needs: [need] }]
    expect(codes({ tasks })).toEqual(['wrong-type /tasks/1/needs/0'])
  })
})

describe('cycles', () => {
  test('are printed whole, from the task that stands first', () => {
    const [problem, ...others] = problemsOf({ tasks: [task('A', 'B'), task('B', 'C'), task('C', 'A')] })
    expect(others).toEqual([])
    expect(problem).toMatchObject({ code: 'cycle', pointer: '/tasks/0/needs/0' })
    expect(problem?.message).toContain('A → B → C → A')
  })

  test('that do not touch are reported once each', () => {
    const tasks = [task('A', 'B'), task('B', 'A'), task('C', 'A', 'D'), task('D', 'E'), task('E', 'C', 'D')]
    expect(codes({ tasks })).toEqual(['cycle /tasks/0/needs/0', 'cycle /tasks/2/needs/1'])
  })

  test('of many tasks are printed without their middle', () => {
    const tasks = Array.from({ length: 1_000 }, (_, i) => task(`T${i}`, `T${(i + 1) % 1_000}`))
    const [problem] = problemsOf({ tasks })
    expect(problem?.message).toContain('T0 → T1 → T2 → T3 → T4 → T5 → … (988 more) … → T994')
    expect(problem?.message).toContain('T999 → T0.')
  })

  test('are found beside every other problem', () => {
    const tasks = [task('A', 'B', 'X'), task('B', 'A'), task('B')]
    expect(codes({ tasks })).toEqual([
      'duplicate-name /tasks/2/name',
      'unknown-need /tasks/0/needs/1',
      'cycle /tasks/0/needs/0',
    ])
  })
})

describe('keys', () => {
  test('that are unknown get the key that was meant, also by a name from elsewhere', () => {
    const problems = problemsOf({ task: 1, tasks: [{ name: 'A', neds: [], dependsOn: [], wholly: 1 }] })
    expect(problems.map(({ pointer, suggestion }) => [pointer, suggestion])).toEqual([
      ['/task', 'tasks'],
      ['/tasks/0/neds', 'needs'],
      ['/tasks/0/dependsOn', 'needs'],
      ['/tasks/0/wholly', undefined],
    ])
  })

  test('are escaped in pointers as RFC 6901 has it', () => {
    expect(codes({ 'a/b~c': 1, tasks: [task('A')] })).toEqual(['unknown-key /a~1b~0c'])
  })
})

describe('values of any kind', () => {
  test.each([[undefined], [null], [1], ['tasks'], [[]], [() => 1], [Symbol('s')], [1n]])(
    '%s is not a definition',
    (value) => expect(codes(value)).toEqual(['wrong-type']),
  )

  test.each([
    ['no tasks', {}, 'missing-tasks'],
    ['an empty list', { tasks: [] }, 'no-tasks /tasks'],
    ['no list', { tasks: { A: {} } }, 'wrong-type /tasks'],
    ['nothing', { tasks: null }, 'wrong-type /tasks'],
    ['text for a task', { tasks: ['A'] }, 'wrong-type /tasks/0'],
    // oxlint-disable-next-line no-sparse-arrays
    ['a hole in the list', { tasks: [, task('A')] }, 'wrong-type /tasks/0'],
    ['a description that is a list', { description: [], tasks: [task('A')] }, 'wrong-type /description'],
    ['a NUL in the description', { description: '\0', tasks: [task('A')] }, 'bad-character /description'],
  ])('refuse %s', (_, value, expected) => {
    expect(codes(value)).toEqual([expected])
  })

  test('count only what is their own', () => {
    expect(codes(Object.create({ tasks: [task('A')] }))).toEqual(['missing-tasks'])
    expect(codes({ tasks: [Object.create({ name: 'A' })] })).toEqual(['missing-name /tasks/0'])
    expect(codes(JSON.parse('{"__proto__": {"tasks": []}, "tasks": [{"name": "A"}]}'))).toEqual([
      'unknown-key /__proto__',
    ])
  })

  test('may throw when they are read', () => {
    const thrower = (key: string) => Object.defineProperty({}, key, { enumerable: true, get: fail })
    expect(codes(thrower('tasks'))).toEqual(['unreadable /tasks'])
    expect(codes({ tasks: [thrower('name')] })).toEqual(['unreadable /tasks/0/name'])
    const { proxy, revoke } = Proxy.revocable([], {})
    revoke()
    expect(codes(proxy)).toEqual(['wrong-type'])
    expect(codes({ tasks: proxy })).toEqual(['wrong-type /tasks'])
    expect(codes({ tasks: [task('A'), { name: 'B', needs: new Proxy(['A'], { get: fail }) }] })).toEqual([
      'unreadable /tasks/1/needs',
    ])
  })

  test('are read once, so that what was checked is what is used', () => {
    let reads = 0
    const shifty = Object.defineProperty({}, 'name', { enumerable: true, get: () => `A${++reads}` })
    expect(definitionOf({ tasks: [shifty] }).tasks).toEqual([task('A1')])
  })

  test('may contain themselves', () => {
    const value: { tasks: unknown[] } = { tasks: [] }
    value.tasks.push(value, { name: 'A', needs: value.tasks })
    expect(codes(value)).toContain('unknown-key /tasks/0/tasks')
  })
})

describe('limits', () => {
  test('stop the reading of lists that are too long before they are read', () => {
    expect(codes({ tasks: Array.from({ length: 3 }) }, { limits: { maxTasks: 2 } })).toEqual([
      'too-many-tasks /tasks',
    ])
    // oxlint-disable-next-line no-new-array
    expect(codes({ tasks: new Array(4_294_967_295) })).toEqual(['too-many-tasks /tasks'])
  })

  test('count the needs of all tasks together', () => {
    const tasks = [task('A'), task('B', 'A'), task('C', 'A', 'B')]
    expect(codes({ tasks }, { limits: { maxNeeds: 3 } })).toEqual([])
    expect(codes({ tasks }, { limits: { maxNeeds: 2 } })).toEqual(['too-many-needs /tasks/2/needs'])
  })

  test('hold for descriptions', () => {
    const value = { description: 'abc', tasks: [task('A')] }
    expect(codes(value, { limits: { maxDescriptionLength: 2 } })).toEqual(['too-long /description'])
  })

  test('end the list of problems with how many more there are', () => {
    const tasks = Array.from({ length: 130 }, () => ({}))
    const problems = problemsOf({ tasks })
    expect(problems).toHaveLength(101)
    expect(problems.at(-1)).toMatchObject({ code: 'more-problems' })
    expect(problems.at(-1)?.message).toContain('30 more')
  })

  test('never let problems pass that are not listed', () => {
    expect(codes({ tasks: [] }, { limits: { maxProblems: 0 } })).toEqual(['more-problems'])
  })
})

function fail(): never {
  throw new Error('must not be read')
}
