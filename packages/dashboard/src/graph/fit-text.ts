import { shortened } from '../words.js'

/** No letters are narrower than this on the whole. */
const narrowestPx = 3
const mostKept = 10_000

const ruler = document.createElement('canvas').getContext('2d')
const kept = new Map<string, string>()

/** A text as far as there is room for it, the middle left out. `font` is its weight and size. */
export function fitText(text: string, widthPx: number, font: string): string {
  const key = `${widthPx} ${font} ${text}`
  const known = kept.get(key)
  if (known !== undefined) return known
  if (kept.size >= mostKept) kept.clear()
  const fitting = measured(text, widthPx, font)
  kept.set(key, fitting)
  return fitting
}

function measured(text: string, widthPx: number, font: string): string {
  if (ruler === null) return text
  ruler.font = `${font} ${getComputedStyle(document.body).fontFamily}`
  for (let most = Math.ceil(widthPx / narrowestPx); most > 1; most -= 1) {
    const shorter = shortened(text, most)
    if (ruler.measureText(shorter).width <= widthPx) return shorter
  }
  return '…'
}
