import type { Asked, Call } from '../record.js'
import {
  handOuts,
  placeOf,
  processOf,
  type Evidence,
  type StoredAttempt,
  type StoredEvent,
} from './evidence.js'

/** A task in somebody's hands, as who claimed it was told, or as the store remembers it. */
export interface HandOut {
  readonly task: string
  readonly attempt: number
  readonly claim: string
  /** Cut off to milliseconds. */
  readonly claimedAt: number
}

/**
 * By what a claim may be over, and since when at the earliest. `reported`: by an event of its own. `lapsed`: it was
 * handed out again after that. `left`: its process has ended. `released`: its worker has asked for that, and perhaps
 * it was done.
 */
export type End =
  | { readonly by: 'reported'; readonly at: number; readonly event: StoredEvent }
  | { readonly by: 'lapsed' | 'left'; readonly at: number }
  | { readonly by: 'released'; readonly at: number; readonly asked: Asked }

/** All that is known of claims. */
export class Claims {
  /** What workers were told, by task. */
  readonly told = new Map<string, HandOut[]>()
  /** What workers were told or the store remembers, by task: each claim once. */
  readonly all = new Map<string, HandOut[]>()
  /** Until when workers were told that they hold a task, unless it ends before. */
  readonly #promised = new Map<string, number>()
  readonly #ends = new Map<string, End[]>()
  readonly #known = new Set<string>()

  constructor({ calls, events, leaseMs }: Evidence) {
    for (const { leaseExpiresAt, task, attempt, claim } of handOuts(calls)) {
      const claimedAt = Date.parse(leaseExpiresAt) - leaseMs
      this.#addHandOut({ task, attempt, claim, claimedAt }, this.told)
      this.#promise(task, claim, leaseExpiresAt)
    }
    for (const call of calls) this.#addCall(call)
    for (const event of [...events.values()].flat()) this.#addEvent(event)
  }

  endsOf(task: string, claim: string): readonly End[] {
    return this.#ends.get(nameOf(task, claim)) ?? []
  }

  promisedUntil(task: string, claim: string): number {
    return this.#promised.get(nameOf(task, claim)) ?? -Infinity
  }

  #addCall({ asked, answered, outcome }: Call): void {
    if (asked.do === 'release' && outcome !== 'refused')
      this.#addEnd(asked.task, asked.claim, { by: 'released', at: asked.at, asked })
    if (asked.do === 'heartbeat' && outcome === 'ok' && answered?.leaseExpiresAt !== undefined)
      this.#promise(asked.task, asked.claim, answered.leaseExpiresAt)
  }

  #addEvent(event: StoredEvent): void {
    const { task, attempt, claim, claimedAt, at, lapsed, unfinished, process } = event
    // What was refused has ended nothing.
    if (event.type === 'report-refused') return
    if (task !== undefined && claim !== undefined && attempt !== undefined) {
      this.#addEnd(task, claim, { by: 'reported', at, event })
      if (claimedAt !== undefined)
        this.#addHandOut({ task, attempt, claim, claimedAt: Math.floor(claimedAt) })
    }
    if (task !== undefined) for (const one of lapsed) this.#addAttempt(task, one, at, 'lapsed')
    for (const left of unfinished) {
      for (const one of left.attempts) this.#addAttempt(`${process}.${left.task}`, one, at, 'left')
    }
  }

  #addAttempt(task: string, one: StoredAttempt, endedAt: number, by: 'lapsed' | 'left'): void {
    const { attempt, secret, claimedAt, leaseExpiredAt } = one
    const claim = `${attempt}.${secret}`
    this.#addHandOut({ task, attempt, claim, claimedAt: Date.parse(claimedAt) })
    const at = leaseExpiredAt === null ? endedAt : Math.min(endedAt, Date.parse(leaseExpiredAt))
    this.#addEnd(task, claim, { by, at })
  }

  #addHandOut(handOut: HandOut, also?: Map<string, HandOut[]>): void {
    if (also !== undefined) add(also, handOut.task, handOut)
    const name = nameOf(handOut.task, handOut.claim)
    if (!this.#known.has(name)) add(this.all, handOut.task, handOut)
    this.#known.add(name)
  }

  #addEnd(task: string, claim: string, end: End): void {
    add(this.#ends, nameOf(task, claim), end)
  }

  #promise(task: string, claim: string, leaseExpiresAt: string): void {
    const until = Math.max(this.promisedUntil(task, claim), Date.parse(leaseExpiresAt))
    this.#promised.set(nameOf(task, claim), until)
  }
}

/** The needs of a task, as tasks. */
export function needsOf({ definitions }: Evidence, definition: string, task: string): string[] {
  const needs = definitions.get(definition)?.needs[placeOf(task)] ?? []
  return needs.map((need) => `${processOf(task)}.${need}`)
}

function nameOf(task: string, claim: string): string {
  return `${task} ${claim}`
}

function add<T>(groups: Map<string, T[]>, key: string, item: T): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [item])
  else group.push(item)
}
