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

export function takeKey(given: string): void {
  sessionStorage.setItem(storedKey, given)
  key.value = given
  keyAsked.value = undefined
  refused.value = new Set()
}

export function forgetKey(): void {
  sessionStorage.removeItem(storedKey)
  key.value = undefined
  refused.value = new Set()
}

/** Remembers what an error says of who asks; gives it back as it is. */
export function noteRefusal(error: unknown, right?: Right): unknown {
  if (!(error instanceof TunaCornHttpError)) return error
  if (error.status === 401) keyAsked.value = error.problem.detail ?? error.problem.title
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
