import { signal } from '@preact/signals'
import { parseRoute, type Route } from '../route.js'

export const route = signal<Route>(parseRoute(location.hash))

window.addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash)
})

export function goTo(href: string): void {
  location.hash = href
}

/** As if one had always been there: the way back does not lead here. */
export function replaceWith(href: string): void {
  history.replaceState(null, '', href)
  route.value = parseRoute(location.hash)
}
