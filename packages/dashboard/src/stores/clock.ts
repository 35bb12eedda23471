import { signal } from '@preact/signals'
import { ServerClock } from './server-clock.js'

const server = new ServerClock()

/** Now by the server's clock, in milliseconds, by the second; it stands while nobody looks. */
export const nowMs = signal(Date.now())

function tick(): void {
  nowMs.value = Date.now() + server.aheadMs
}

setInterval(() => {
  if (!document.hidden) tick()
}, 1_000)

/** As `fetch`; what it is told of the server's clock is remembered. */
export async function fetchByTheClock(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const [askedAtMs, beforeMs] = [Date.now(), server.aheadMs]
  const response = await fetch(input, init)
  server.note(response.headers.get('date'), askedAtMs, Date.now())
  if (server.aheadMs !== beforeMs) tick()
  return response
}
