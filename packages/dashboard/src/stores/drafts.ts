const prefix = 'tunacorn-draft '

/** Texts that were begun, by what they are about: kept for this tab, and for as long as it is open. */
export function draftOf(subject: string): string | undefined {
  return sessionStorage.getItem(prefix + subject) ?? undefined
}

export function keepDraft(subject: string, text: string | undefined): void {
  if (text === undefined) sessionStorage.removeItem(prefix + subject)
  else sessionStorage.setItem(prefix + subject, text)
}
