import { useEffect } from 'preact/hooks'

/** What the browser calls the page: in its tabs and its history, each by a name of its own. */
export function useTitle(...words: readonly (string | undefined)[]): void {
  const title = [...words.filter(Boolean), 'TunaCorn'].join(' · ')
  useEffect(() => {
    document.title = title
  }, [title])
}
