import { readFileSync } from 'node:fs'
import { parseClaim } from '../../../packages/core/dist/engine/ids.js'

// What the storm's workers and starters write down, a line of JSON before each call and one after it.

/**
 * Before a call: what is about to be asked. Without an `Answered` of its number, nobody knows what became of it. `n` counts
 * what one writer asks; `at` is by the clock that the store has as well, in milliseconds.
 */
export type Asked = { readonly n: number; readonly at: number } & Deed

export type Deed =
  | Start
  | { readonly do: 'claim'; readonly worker: string }
  | ({ readonly do: 'complete' } & Held & { readonly nonce: string })
  /** `final`: no other attempt would do better. */
  | ({ readonly do: 'fail' } & Held & { readonly nonce: string; readonly final: boolean })
  | ({ readonly do: 'release' | 'heartbeat' } & Held)
  | Controlling

/** `since`: a version that the process is known to have had before. */
export interface Controlling {
  readonly do: Control
  readonly process: string
  readonly since: number
}

export type Control = 'cancel' | 'pause' | 'resume' | 'retry'

export interface Start {
  readonly do: 'start'
  /** Of its own: also what its input says. */
  readonly key: string
  /** Whether it was sent with that as its `Idempotency-Key`. */
  readonly once: boolean
  readonly definition: string
  /** What it calls the process, which no other live one of the definition may be called. */
  readonly job?: string
}

/** A task as somebody holds it. */
export interface Held {
  readonly task: string
  readonly attempt: number
  readonly claim: string
}

export interface Answered {
  readonly n: number
  readonly at: number
  /** Of HTTP, or of the item within a call for many; 0 when no answer came. */
  readonly status: number
  readonly code?: string
  /** What was claimed. */
  readonly tasks?: readonly (Held & { readonly leaseExpiresAt: string })[]
  /** What was started. */
  readonly process?: string
  /** Who has the name that a process was to have. */
  readonly takenBy?: string
  /** Of the process that was started, cancelled and so on, as it was then or is since. */
  readonly version?: number
  readonly leaseExpiresAt?: string
}

/**
 * A call and what became of it. `unknown`: no answer, or one that says that the server could not; it may have been done
 * all the same.
 */
export interface Call {
  readonly asked: Asked
  readonly answered: Answered | undefined
  readonly outcome: 'ok' | 'refused' | 'unknown'
}

/** @param files each of one writer; the last line of one that was killed may be cut off. */
export function readCalls(files: readonly string[]): Call[] {
  return files.flatMap((file) => {
    const asked = new Map<number, Asked>()
    const answered = new Map<number, Answered>()
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const entry = parsed(line)
      if (entry === undefined) continue
      if ('do' in entry) asked.set(entry.n, entry)
      else answered.set(entry.n, entry)
    }
    return [...asked.values()].map((one) => {
      const answer = answered.get(one.n)
      return { asked: one, answered: answer, outcome: outcomeOf(answer) }
    })
  })
}

function parsed(line: string): Asked | Answered | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line, asStored) as Asked | Answered)
  } catch {
    return undefined
  }
}

/** The store knows claims by the hashes of their secrets. */
function asStored(name: string, value: unknown): unknown {
  const claim = name === 'claim' ? parseClaim(String(value)) : undefined
  return claim === undefined ? value : `${claim.attempt}.${claim.secret}`
}

function outcomeOf(answer: Answered | undefined): Call['outcome'] {
  if (answer === undefined || answer.status === 0 || answer.status >= 500) return 'unknown'
  return answer.status < 300 ? 'ok' : 'refused'
}
