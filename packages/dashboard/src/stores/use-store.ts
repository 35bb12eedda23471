import { useEffect, useMemo } from 'preact/hooks'

export interface Store {
  start(): void
  stop(): void
}

/** A store of a page's own: begun when the page is shown, ended when it goes, made anew when the names change. */
export function useStore<One extends Store>(make: () => One, ...names: readonly string[]): One {
  const store = useMemo(make, names)
  useEffect(() => {
    store.start()
    return () => store.stop()
  }, [store])
  return store
}
