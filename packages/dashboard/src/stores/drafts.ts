const prefix = 'tunacorn-draft '

/** Texts that were begun, by what they are about: kept for this tab, and for as long as it is open. */
export function draftOf(subject: string): string | undefined {
  return sessionStorage.getItem(prefix + subject) ?? undefined
}

/** @param text undefined when there is nothing to be kept any more */
export function keepDraft(subject: string, text: string | undefined): void {
  sessionStorage.removeItem(prefix + subject)
  try {
    if (text !== undefined) sessionStorage.setItem(prefix + subject, text)
  } catch {
    // It is longer than what browsers keep. It can still be written, and registered.
  }
}
