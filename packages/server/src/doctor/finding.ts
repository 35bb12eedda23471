/** One thing that was looked at. */
export interface Finding {
  /** Stable, for programs. */
  readonly about: string
  readonly isWell: boolean
  readonly found: string
  /** What to do; absent when all is well. */
  readonly remedy?: string
}

/** What is said of it, one way or the other. */
export function finding(
  about: string,
  isWell: boolean,
  { well, wrong, remedy }: { readonly well: string; readonly wrong: string; readonly remedy: string },
): Finding {
  return isWell ? { about, isWell, found: well } : { about, isWell, found: wrong, remedy }
}
