import { TunaCornError } from '../errors.js'
import { Payload } from '../payload.js'

/** What may be too large to be told, in the order in which it is said to have been left out. */
export interface LargeParts {
  /** `too-large`: so large that they have not all been read. */
  readonly outputs: Readonly<Record<string, Payload>> | 'too-large'
  readonly input: Payload | undefined
  readonly error: unknown
}

type PartName = keyof LargeParts

/**
 * The input of a process that cleans up. A process must always be able to fail, whatever it was given and whatever it
 * has put out: so what is nested too deep, and then what is largest, is left out until the rest fits, and the input says
 * which parts those were. Of an error its message stays.
 */
export function failureInput(told: object, parts: LargeParts, maxBytes: number): Payload | undefined {
  const kept = new Map<PartName, Payload>()
  const leftOut = new Set<PartName>()
  const keep = (name: PartName, value: unknown) => {
    const part = value === undefined ? undefined : fitting({ [name]: value }, maxBytes)
    if (part !== undefined) kept.set(name, part)
    else if (value !== undefined) leftOut.add(name)
  }
  if (parts.outputs === 'too-large') leftOut.add('outputs')
  else keep('outputs', parts.outputs)
  keep('input', parts.input)
  keep('error', parts.error)

  for (;;) {
    const input = {
      ...told,
      error: leftOut.has('error') ? messageOf(parts.error) : undefined,
      ...Object.assign({}, ...[...kept.values()].map((part) => part.value())),
      leftOut: leftOut.size === 0 ? undefined : names.filter((name) => leftOut.has(name)),
    }
    const payload = fitting(input, kept.size === 0 ? Number.MAX_SAFE_INTEGER : maxBytes)
    if (payload !== undefined || kept.size === 0) return payload
    const largest = largestOf(kept)
    kept.delete(largest)
    leftOut.add(largest)
  }
}

const names: readonly PartName[] = ['outputs', 'input', 'error']

function fitting(value: unknown, maxBytes: number): Payload | undefined {
  try {
    return Payload.from(value, maxBytes)
  } catch (error) {
    if (error instanceof TunaCornError) return undefined
    throw error
  }
}

function largestOf(kept: ReadonlyMap<PartName, Payload>): PartName {
  const [first, ...others] = [...kept].map(([name, { text }]) => ({ name, bytes: Buffer.byteLength(text) }))
  if (first === undefined) throw new RangeError('Expected something to leave out.')
  return others.reduce((largest, one) => (one.bytes > largest.bytes ? one : largest), first).name
}

/** How much of the message of an error is told where there is no room for the error, in characters. */
const maxMessage = 1000

function messageOf(error: unknown): { readonly message: string } | undefined {
  const value = error instanceof Payload ? error.value() : error
  const message = typeof value === 'string' ? value : (value as { message?: unknown } | null)?.message
  if (typeof message !== 'string') return undefined
  // Half a character is none.
  return { message: message.slice(0, maxMessage).replace(/[\uD800-\uDBFF]$/, '') }
}
