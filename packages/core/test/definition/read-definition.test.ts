import { spawnSync } from 'node:child_process'
import { DefinitionError, parseDefinition, readDefinition } from '@tunacorn/core'
import { describe, expect, test } from 'vitest'
import { ParseQueue } from '../../dist/definition/parse-queue.js'

/** Some 500 KB: enough to be parsed in a thread. */
const large = (extra = '') =>
  `name: large\ntasks:\n${Array.from({ length: 10_000 }, (_, i) => `  - name: A task with the number ${i}\n${i === 0 ? '' : `    needs: [A task with the number ${i >> 1 === i ? 0 : i >> 1}]\n`}`).join('')}${extra}`

// It has to be read in the end: on a machine that is busy, some large ones one after another take long.
describe('reading a definition', { timeout: 120_000 }, () => {
  test('of a few lines gives what parsing gives', async () => {
    const source = 'tasks: [{name: A}, {name: B, needs: [A]}]'
    expect(await readDefinition(source)).toEqual(parseDefinition(source))
  })

  test('of many lines gives what parsing gives, by way of a thread', async () => {
    const definition = await readDefinition(large())
    expect(definition).toEqual(parseDefinition(large()))
    expect(Object.isFrozen(definition.tasks[1]?.needs)).toBe(true)
  })

  test('of many lines keeps its settings on the way', async () => {
    const settings = 'timeout: 7d\nfailureProcess: undo\ndefaults: {retry: 2}\ninput: {type: object}\n'
    const source = settings + large('  - name: last\n    retry: {limit: 1, within: 2h}\n    delay: 1h\n')
    const definition = await readDefinition(source)
    expect(definition).toStrictEqual(parseDefinition(source))
    expect(definition.timeoutMs).toBe(604_800_000)
  })

  test('of many lines leaves this thread free meanwhile', async () => {
    const reading = readDefinition(large())
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await reading
    clearInterval(timer)
    expect(turns).toBeGreaterThan(10)
  })

  test.each(['input', '"input"', '"\\u0069nput"'])(
    'of a few lines with %s leaves this thread free too',
    async (key) => {
      const properties = Array.from({ length: 50 }, (_, i) => `p${i}: {type: string}`).join(', ')
      const source = `{tasks: [{name: A}], ${key}: {properties: {${properties}}}}`
      const reading = readDefinition(source)
      let turns = 0
      const timer = setInterval(() => turns++, 1)
      const definition = await reading
      clearInterval(timer)
      expect(turns).toBeGreaterThan(0)
      expect(definition).toEqual(parseDefinition(source))
    },
  )

  test('that takes more memory than there is for it is refused, and the next one is read', async () => {
    const queue = new ParseQueue(64)
    const items = `tasks: [${'a, '.repeat(500_000)}]`
    expect(await queue.parse({ source: items, options: {} })).toMatchObject({
      problems: [{ code: 'source-too-large', message: expect.stringContaining('in 64 MB of memory') }],
    })
    const next = await queue.parse({ source: 'tasks: [{name: A}]', options: {} })
    expect(next).toHaveProperty('packed')
  })

  test('that is wrong rejects with the same error, whichever thread finds it', async () => {
    for (const source of [
      'tasks: [{name: A, needs: [B]}]',
      large('  - name: last\n    needs: [A task with the number 10001]\n'),
    ]) {
      const error = await readDefinition(source, { requireName: true }).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(DefinitionError)
      const parse = () => parseDefinition(source, { requireName: true })
      expect(parse).toThrow(error instanceof DefinitionError ? error.message : 'a DefinitionError')
      expect(error).toMatchObject({ code: 'definition-invalid', problems: problemsOf(parse) })
    }
  })

  test('that is too large is refused before it is parsed', async () => {
    const source = large()
    const tookMs: number[] = []
    // The quickest of some: others may have the processor meanwhile.
    for (let n = 0; n < 10; n += 1) {
      const start = performance.now()
      const reading = readDefinition(source, { limits: { maxSourceBytes: 1_000 } })
      await expect(reading).rejects.toMatchObject({ problems: [{ code: 'source-too-large' }] })
      tookMs.push(performance.now() - start)
    }
    expect(Math.min(...tookMs)).toBeLessThan(50)
  })

  test('several times at once answers each, in turn', async () => {
    const sources = Array.from({ length: 3 }, (_, i) => large(`  - name: last ${i}\n`))
    const definitions = await Promise.all(sources.map((source) => readDefinition(source)))
    expect(definitions.map(({ tasks }) => tasks.at(-1)?.name)).toEqual(['last 0', 'last 1', 'last 2'])
  })

  test('more often at once than can wait is refused with a code', async () => {
    const readings = await Promise.allSettled(
      Array.from({ length: 35 }, () => readDefinition(' '.repeat(200_000))),
    )
    const codes = readings.map((each) => (each.status === 'rejected' ? each.reason.code : 'read'))
    expect(codes.filter((code) => code === 'definition-invalid')).toHaveLength(33)
    expect(codes.filter((code) => code === 'definition-queue-full')).toHaveLength(2)
  })

  test('whose thread fails rejects with a code, and the next one is read', async () => {
    // A function cannot cross to a thread.
    const limits = { maxTasks: (() => 1) as unknown as number }
    await expect(readDefinition(large(), { limits })).rejects.toMatchObject({
      code: 'definition-thread-failed',
    })
    expect((await readDefinition(large())).name).toBe('large')
  })

  test('keeps a program alive until it is read, and no longer', () => {
    const core = new URL('../../dist/index.js', import.meta.url).href
    const program = `
      import { readDefinition } from '${core}'
      const source = 'tasks:\\n' + Array.from({ length: 9000 }, (_, i) => '  - name: A task with the number ' + i + '\\n').join('')
      readDefinition(source).then(({ tasks }) => { console.log(tasks.length); process.on('exit', () => console.log(performance.now() - read)); const read = performance.now() })`
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    })
    const [tasks, idle] = stdout.split('\n').map(Number)
    expect({ tasks, status }).toEqual({ tasks: 9_000, status: 0 })
    expect(idle).toBeLessThan(2_000)
  })
})

function problemsOf(parse: () => unknown): unknown {
  try {
    return parse()
  } catch (error) {
    return error instanceof DefinitionError ? error.problems : error
  }
}
