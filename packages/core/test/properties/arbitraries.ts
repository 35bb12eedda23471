import fc from 'fast-check'

/** A definition as it is written. */
export interface WrittenDefinition {
  readonly name: string
  readonly timeout?: string
  readonly failureProcess?: { readonly name: string; readonly on: readonly string[] }
  readonly tasks: readonly WrittenTask[]
}

export interface WrittenTask {
  readonly name: string
  readonly needs: readonly string[]
  readonly timeout: string
  readonly heartbeat: string
  readonly scheduleTimeout: string
  readonly delay?: string
  readonly retry?: {
    readonly limit: number
    readonly delay: string
    readonly factor: number
    readonly maxDelay: string
    readonly jitter: boolean
    readonly within?: string
  }
}

function durations(min: number, max: number, unitMs: number): fc.Arbitrary<string> {
  return fc.noBias(fc.integer({ min, max })).map((value) => `${value * unitMs}ms`)
}

function retries(
  jitter: fc.Arbitrary<boolean>,
  unitMs: number,
): fc.Arbitrary<NonNullable<WrittenTask['retry']>> {
  return fc
    .record(
      {
        limit: fc.noBias(fc.nat({ max: 3 })),
        delay: fc.nat({ max: 15 }),
        factor: fc.constantFrom(1, 2, 3.5),
        more: fc.nat({ max: 30 }),
        jitter,
        within: fc.integer({ min: 0, max: 60 }),
      },
      { requiredKeys: ['limit', 'delay', 'factor', 'more', 'jitter'] },
    )
    .map(({ limit, delay, factor, more, jitter: isSpread, within }) => ({
      limit,
      factor,
      jitter: isSpread,
      delay: `${delay * unitMs}ms`,
      maxDelay: `${(delay + more) * unitMs}ms`,
      // A policy that leaves no time for a single retry is refused where it is written.
      ...(within !== undefined && { within: `${(delay + 1 + within) * unitMs}ms` }),
    }))
}

interface DefinitionArbitraryOptions {
  readonly name?: string
  readonly maxTasks?: number
  /** What times are counted in. By default in single milliseconds, so that much happens. */
  readonly unitMs?: number
  /** Whether some policies spread their delays at random. */
  readonly jitter?: boolean
  readonly failureProcess?: fc.Arbitrary<WrittenDefinition['failureProcess']>
}

/** Each task may need any of those before it. */
export function definitions(options: DefinitionArbitraryOptions = {}): fc.Arbitrary<WrittenDefinition> {
  const { name = 'main', maxTasks = 5, jitter = true, unitMs = 1 } = options
  const times = (min: number, max: number) => durations(min, max, unitMs)
  const task = fc.record(
    {
      picks: fc.array(fc.nat({ max: maxTasks }), { maxLength: 3 }),
      timeout: times(1, 60),
      heartbeat: times(1, 40),
      scheduleTimeout: times(1, 80),
      delay: times(0, 8),
      retry: retries(jitter ? fc.boolean() : fc.constant(false), unitMs),
    },
    { requiredKeys: ['picks', 'timeout', 'heartbeat', 'scheduleTimeout'] },
  )
  return fc
    .record(
      {
        tasks: fc.array(task, { minLength: 1, maxLength: maxTasks }),
        timeout: times(31, 400),
        failureProcess: options.failureProcess ?? fc.constant(undefined),
      },
      { requiredKeys: ['tasks', 'failureProcess'] },
    )
    .map(({ tasks, timeout, failureProcess }) => ({
      name,
      ...(timeout !== undefined && { timeout }),
      ...(failureProcess !== undefined && { failureProcess }),
      tasks: tasks.map(({ picks, ...settings }, index) => ({
        name: `t${index}`,
        needs: [...new Set(picks.filter((pick) => pick < index).map((pick) => `t${pick}`))],
        ...settings,
      })),
    }))
}
