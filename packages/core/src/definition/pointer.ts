/** `parent` extended by one key or index: RFC 6901, section 3. */
export function pointerTo(parent: string, step: string | number): string {
  if (typeof step === 'number') return `${parent}/${step}`
  return `${parent}/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** The keys and indexes that a pointer names, unescaped. */
export function pointerSteps(pointer: string): string[] {
  const steps = pointer.split('/').slice(1)
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}
