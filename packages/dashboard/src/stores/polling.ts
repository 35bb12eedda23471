import { signal, type Signal } from '@preact/signals'
import { TunaCornConnectionError, TunaCornHttpError } from '@tunacorn/client'
import { serverAnswered } from './notices.js'
import { client, keyAsked, messageOf, noteRefusal } from './session.js'

/** Whether the server answered when it was last asked. */
export const isConnected = signal(true)

export interface Polling {
  /** Asks now, and then again at the usual distance. */
  now(): void
  stop(): void
}

/** Whatever happens meanwhile, it is not asked more often than this. */
const soonMs = 300

/** However long the server has not answered, who looks at the page need not wait longer for it to notice. */
const longestMs = 10_000

/**
 * Asks again and again while the page is visible, each time so long after the answer before. When the server does not
 * answer, the pauses grow. What goes wrong is a problem until it goes well.
 */
export function poll(
  ask: (signal: AbortSignal) => Promise<unknown>,
  everyMs: number,
  problem: Signal<string | undefined>,
): Polling {
  const stopping = new AbortController()
  let timer: number | undefined
  let failures = 0
  let isAsking = false
  let isWanted = false

  const run = async () => {
    window.clearTimeout(timer)
    if (stopping.signal.aborted || document.hidden) return
    if (isAsking) {
      isWanted = true
      return
    }
    isAsking = true
    const asker = client.peek()
    try {
      await ask(stopping.signal)
      failures = 0
      problem.value = undefined
      isConnected.value = true
      serverAnswered()
      keyAsked.value = undefined
    } catch (error) {
      if (stopping.signal.aborted) return
      // With another key since, the answer is another, too.
      if (asker === client.peek()) noteRefusal(error)
      else isWanted = true
      failures += 1
      const isUnanswered = error instanceof TunaCornConnectionError
      problem.value = isUnanswered ? `${messageOf(error)} The page goes on asking.` : messageOf(error)
      isConnected.value = error instanceof TunaCornHttpError && error.status < 500
    } finally {
      isAsking = false
    }
    if (stopping.signal.aborted) return
    const usualMs = failures === 0 ? everyMs : Math.min(longestMs, soonMs * 2 ** (failures + 1))
    const pauseMs = isWanted ? soonMs : usualMs
    isWanted = false
    timer = window.setTimeout(() => void run(), pauseMs)
  }
  const now = () => void run()
  // At once, and whenever somebody has given a key.
  const unsubscribe = client.subscribe(now)
  document.addEventListener('visibilitychange', now)
  return {
    now,
    stop: () => {
      stopping.abort()
      window.clearTimeout(timer)
      unsubscribe()
      document.removeEventListener('visibilitychange', now)
    },
  }
}
