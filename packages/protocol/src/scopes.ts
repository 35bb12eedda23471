/**
 * What a request may be allowed to do; openapi.yaml names one for each operation: look at things; start processes and
 * pause, resume, retry or cancel them; claim and report tasks; register and remove definitions; destroy processes.
 */
export const scopes = ['read', 'start', 'work', 'define', 'admin'] as const

export type Scope = (typeof scopes)[number]
