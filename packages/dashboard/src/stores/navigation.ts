import { signal } from '@preact/signals'
import { parseRoute, type Route } from '../route.js'

/** How far down each page was left, by its number in the browser's history. */
const lefts = new Map<number, number>()

export const route = signal<Route>(parseRoute(location.hash))

/** How far down the page is to be shown: a new one from its top, one that is come back to where it was left. */
export let topPx = 0

let entry = enter()

// When all is loaded anew, only the browser remembers.
window.addEventListener('pagehide', () => history.replaceState({ entry, topPx: window.scrollY }, ''))

// By itself the browser would scroll before there is anything to scroll.
history.scrollRestoration = 'manual'

window.addEventListener('hashchange', () => {
  lefts.set(entry, window.scrollY)
  entry = enter()
  route.value = parseRoute(location.hash)
})

export function goTo(href: string): void {
  location.hash = href
}

/** As if one had always been there: the way back does not lead here. */
export function replaceWith(href: string, top: number = 0): void {
  history.replaceState(history.state, '', href)
  topPx = top
  route.value = parseRoute(location.hash)
}

/** What was opened beside a page, as an entry of the history's own, and the entry that it was opened from. */
let beside: { readonly entry: number; readonly from: number } | undefined

/** Opens something beside the page, which stays as it is: the way back closes it. Another one takes its place. */
export function openBeside(href: string): void {
  if (beside?.entry === entry) return replaceWith(href, window.scrollY)
  lefts.set(entry, window.scrollY)
  beside = { entry: Date.now(), from: entry }
  entry = beside.entry
  history.pushState({ entry }, '', href)
  topPx = window.scrollY
  route.value = parseRoute(location.hash)
}

/** Closes what was opened beside the page at `href`. */
export function closeBeside(href: string): void {
  if (beside?.entry !== entry) return replaceWith(href, window.scrollY)
  lefts.set(beside.from, window.scrollY)
  history.back()
}

function enter(): number {
  const known = history.state as { entry: number; topPx?: number } | null
  topPx = known === null ? 0 : (lefts.get(known.entry) ?? known.topPx ?? 0)
  if (known !== null) return known.entry
  const made = Date.now()
  history.replaceState({ entry: made }, '')
  return made
}
