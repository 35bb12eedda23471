import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Pool } from 'pg'
import type { Actor } from './actor.js'

/** What two actors do, from the same beginning each time, and what must have come of it in the end. */
export interface Scene {
  readonly plays: readonly [() => Promise<string>, () => Promise<string>]
  /** @param outcomes in the order of the actors */
  readonly check: (outcomes: readonly [string, string]) => Promise<void>
}

export interface Explored {
  /** In how many orders it was played. */
  readonly orders: number
  /** Whether there are no others. */
  readonly isAll: boolean
  /** What has come of them. */
  readonly outcomes: ReadonlySet<string>
}

/** At a moment when both could go on, which one did. */
type Choice = 0 | 1

/**
 * So many turns in a row one actor takes at most while the other could go on. Who finds taken what the other has in hand
 * tries again until it is not, so that there would be no end to the orders. It is enough for the longest way to try: three
 * times in competition, and then twice with the process held.
 */
const maxTurnsInARow = 24

/**
 * Plays a scene in every order in which its two actors can take turns. Who waits for a lock of the other has to wait: then
 * there is no choice. A first play lets the first actor go on wherever there is a choice; each later one decides otherwise
 * at the last choice that is not exhausted, until all are; and the same once more with the other actor in its place.
 *
 * @param monitor for looking at who waits for whom; not one of the actors'
 * @param limit how many orders are played at most, half of them with each beginning
 */
export async function explore(
  actors: readonly [Actor, Actor],
  monitor: Pool,
  limit: number,
  setScene: () => Promise<Scene>,
): Promise<Explored> {
  const outcomes = new Set<string>()
  let orders = 0
  let strays = 0
  let isAll = true
  for (const beginning of [0, 1] as const) {
    let planned: readonly Choice[] | undefined = []
    let expected: readonly string[] = []
    for (let left = limit / 2; planned !== undefined && left > 0; left -= 1) {
      const stage: Stage = new Stage(actors, monitor, beginning)
      outcomes.add(await playOnce(stage, await setScene(), planned))
      // Else some orders would be left out, and nobody would know.
      if (!isDeepStrictEqual(stage.log.slice(0, expected.length), expected)) {
        assert.ok((strays += 1) <= maxStrays, `Expected to begin as before:\n${expected.join('\n')}`)
        continue
      }
      orders += 1
      const last = stage.choices.lastIndexOf(beginning)
      expected = stage.log.slice(0, stage.turnsBefore[last])
      planned = last > 0 ? [...stage.choices.slice(0, last), otherThan(beginning)] : undefined
    }
    isAll &&= planned === undefined
  }
  return { orders, isAll, outcomes }
}

async function playOnce(stage: Stage, { plays, check }: Scene, planned: readonly Choice[]): Promise<string> {
  try {
    const outcomes = await stage.play(plays, planned)
    await check(outcomes)
    return outcomes.join(' × ')
  } catch (error) {
    stage.leave()
    throw new Error(`In this order:\n${stage.log.join('\n')}`, { cause: error })
  }
}

/**
 * An actor may do several things at once. It is only taken at its word when it has asked for nothing more for so long: what
 * it asks for depends on what it has been answered, and not on who is quick.
 */
const quietMs = 2

/** So often a play may go another way than the one before it though the same was chosen: then it is played again. */
const maxStrays = 20

/** So often an actor is looked at, 5 ms apart at least, until it is taken to have hung up. */
const maxLooks = 3_000

/** Who comes second with a key is told so by its index. Nothing else is to be refused, and no circle of locks broken. */
function isUnexpected(error: unknown): boolean {
  return (error as { constraint?: unknown }).constraint !== 'process_by_key'
}

function otherThan(choice: Choice): Choice {
  return choice === 0 ? 1 : 0
}

class Stage {
  readonly log: string[] = []
  readonly choices: Choice[] = []
  /** How many turns had been taken before each choice. */
  readonly turnsBefore: number[] = []
  readonly #actors: readonly [Actor, Actor]
  readonly #monitor: Pool
  readonly #beginning: Choice
  /** Of each actor, the changes that it has been quiet after. */
  readonly #seen = [-1, -1]
  /** How many turns the one who moved last has taken while the other could have. */
  #inARow = 0

  constructor(actors: readonly [Actor, Actor], monitor: Pool, beginning: Choice) {
    this.#actors = actors
    this.#monitor = monitor
    this.#beginning = beginning
  }

  async play(plays: Scene['plays'], planned: readonly Choice[]): Promise<readonly [string, string]> {
    for (const [index, actor] of this.#actors.entries()) actor.enter(plays[index]!)
    for (let mover = this.#beginning; ;) {
      // Who has just had a turn first: that may have been what the other waits for.
      const waitsForOther = [await this.#settled(mover), await this.#settled(otherThan(mover))]
      const [first, second] = this.#actors
      const [error] = this.#actors.flatMap(({ errors }) => errors.splice(0)).filter(isUnexpected)
      if (error !== undefined) throw error
      if (first.outcome !== undefined && second.outcome !== undefined) {
        return [first.outcome, second.outcome]
      }
      if (waitsForOther.every(Boolean)) throw new Error('Expected no deadlock, but each waits for the other')
      if (first.next === undefined || second.next === undefined) {
        mover = first.next === undefined ? 1 : 0
        this.#inARow = 0
      } else mover = this.#choose(mover, planned)
      const actor = this.#actors[mover]
      this.log.push(`${actor.name}: ${actor.next}`)
      actor.takeTurn()
    }
  }

  /** Whatever is still under way goes on by itself. */
  leave(): void {
    for (const actor of this.#actors) actor.leave()
  }

  #choose(mover: Choice, planned: readonly Choice[]): Choice {
    if (this.#inARow === maxTurnsInARow) {
      this.#inARow = 1
      return otherThan(mover)
    }
    const choice = planned[this.choices.length] ?? this.#beginning
    this.choices.push(choice)
    this.turnsBefore.push(this.log.length)
    this.#inARow = choice === mover ? this.#inARow + 1 : 1
    return choice
  }

  /** Resolves when an actor can take a turn, or is done, or can do neither before the other goes on: then `true`. */
  async #settled(index: 0 | 1): Promise<boolean> {
    const actor = this.#actors[index]
    for (let looks = 0; looks < maxLooks; looks += 1) {
      if (actor.outcome !== undefined) return false
      if (actor.next !== undefined && actor.busy.length === 0) {
        const { changes } = actor
        if (this.#seen[index] === changes) return false
        this.#seen[index] = changes
        await sleep(quietMs)
        continue
      }
      const settled = new Promise<void>((resolve) => (actor.onSettled = resolve))
      // Most answers are there before it is worth while to ask.
      await Promise.race([settled, sleep(5)])
      if (actor.busy.length > 0 && (await this.#areHeldUp(actor.busy))) return actor.next === undefined
    }
    throw new Error(`Expected ${actor.name} to go on, but it neither does anything nor waits for the other`)
  }

  /** Whether all these backends wait for locks that backends of the actors have. */
  async #areHeldUp(backends: readonly number[]): Promise<boolean> {
    const { rows } = await this.#monitor.query<{ are_held_up: boolean }>(
      `SELECT bool_and(EXISTS (SELECT FROM pg_stat_activity a
         WHERE a.pid = ANY (pg_blocking_pids(busy.pid)) AND a.application_name = 'actor')) AS are_held_up
       FROM unnest($1::int[]) AS busy (pid)`,
      [backends],
    )
    return rows[0]?.are_held_up ?? false
  }
}
