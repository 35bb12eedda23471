import { useEffect } from 'preact/hooks'

const downKeys = new Set(['j', 'ArrowDown'])
const upKeys = new Set(['k', 'ArrowUp'])

/** `j` and `k`, or the arrows, go from row to row: what has `data-row` takes the focus. */
export function useRowKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const step = downKeys.has(event.key) ? 1 : upKeys.has(event.key) ? -1 : 0
      if (step === 0 || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')]
      const at = rows.findIndex((row) => row === document.activeElement)
      // Without a row in focus, arrows scroll the page as always.
      if (rows.length === 0 || (at === -1 && event.key.startsWith('Arrow'))) return
      event.preventDefault()
      rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.focus()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, dialog, pre') !== null
}
