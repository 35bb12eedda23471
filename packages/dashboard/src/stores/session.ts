import { computed, signal } from '@preact/signals'
import { TunaCornClient, TunaCornConnectionError, TunaCornHttpError } from '@tunacorn/client'
import { apiUrl, isReadOnlyPage } from '../place.js'
import { fetchByTheClock } from './clock.js'

/** What the API may refuse to who lacks the right to it. */
export type Right = 'start' | 'define' | 'admin'

const storedKey = 'tunacorn-key'

/** Kept for this tab, and for as long as it is open. */
const key = signal(sessionStorage.getItem(storedKey) ?? undefined)

/** Whether the API wants to know who asks; what it said of the key that was given. */
export const keyAsked = signal<string | undefined>(undefined)

/** Whether nobody wants to give one now: what is asked for fails in words until somebody does. */
export const isKeyDeclined = signal(false)

/** What has been refused to this key so far. */
const refused = signal<ReadonlySet<Right>>(new Set())

export const hasKey = computed(() => key.value !== undefined)

export const client = computed(
  () =>
    new TunaCornClient({
      url: apiUrl,
      ...(key.value !== undefined && { key: key.value }),
      fetch: fetchByTheClock,
      retries: 1,
    }),
)

/** Whether the page offers it. What is offered may still be refused. */
export function may(right: Right): boolean {
  return !isReadOnlyPage && !refused.value.has(right)
}

/** What no header can carry: everything but printable characters of Latin-1. */
const unsendable = /[^\x20-\x7e\xa0-\xff]/u

/** @returns what is wrong with it, when it cannot be one; nothing is changed then */
export function takeKey(given: string): string | undefined {
  const [wrong] = unsendable.exec(given) ?? []
  if (wrong !== undefined) {
    return `No key has the character "${wrong}" in it. Has something else been copied?`
  }
  sessionStorage.setItem(storedKey, given)
  key.value = given
  keyAsked.value = undefined
  isKeyDeclined.value = false
  refused.value = new Set()
  return undefined
}

export function forgetKey(): void {
  sessionStorage.removeItem(storedKey)
  key.value = undefined
  isKeyDeclined.value = false
  refused.value = new Set()
}

/** Remembers what an error says of who asks; gives it back as it is. */
export function noteRefusal(error: unknown, right?: Right): unknown {
  if (!(error instanceof TunaCornHttpError)) return error
  if (error.status === 401) {
    keyAsked.value = error.problem.detail ?? error.problem.title
    // Who wants to change something cannot without one.
    if (right !== undefined) isKeyDeclined.value = false
  }
  if (error.status === 403 && right !== undefined) refused.value = new Set([...refused.value, right])
  return error
}

const unanswered = {
  unreachable: 'TunaCorn cannot be reached: its server is down, or the way to it is cut.',
  timeout: 'TunaCorn is too slow to answer.',
  'not-tunacorn': 'Something else than TunaCorn answers where it should be, a proxy perhaps.',
}

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
  if (error instanceof TunaCornConnectionError) return unanswered[error.code]
  if (error instanceof TunaCornHttpError) return error.problem.detail ?? error.problem.title
  return error instanceof Error ? error.message : String(error)
}
