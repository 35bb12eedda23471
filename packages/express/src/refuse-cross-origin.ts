import type { IncomingMessage } from 'node:http'
import { TunaCornError } from '@tunacorn/core'

/**
 * Refuses what a browser sends for a page of another origin: its user may reach what the page's author cannot. Browsers
 * tell by `Sec-Fetch-Site`, and where they do not (old ones, and plain HTTP) by `Origin`; what tells neither is no
 * browser. Following a link is not refused: the page that has it cannot read the answer.
 *
 * @param allowedOrigins such as `https://app.example.com`; that pages there may read the answers is for the host to
 *   say, with CORS headers.
 * @throws TunaCornError `cross-origin`
 */
export function refuseCrossOrigin(request: IncomingMessage, allowedOrigins: readonly string[]): void {
  const { origin, host, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers
  if (origin !== undefined && allowedOrigins.includes(origin)) return
  if (site === 'same-origin' || site === 'none') return
  if (site === undefined && (origin === undefined || isOf(host, origin))) return
  if (mode === 'navigate' && (request.method === 'GET' || request.method === 'HEAD')) return
  throw new TunaCornError(
    'cross-origin',
    `Expected no request of a page of another origin, but this one is of ${JSON.stringify(origin ?? site)}.`,
  )
}

/** Whether the origin is at this host; by which scheme, is not known here: TLS may end before. */
function isOf(host: string | undefined, origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}
