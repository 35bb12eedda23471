import { Payload } from './payload.js'

/** Of all payloads that are objects, one object: shallow, later wins. */
export function mergeAttributes(payloads: Iterable<Payload | undefined>): Record<string, unknown> {
  const merged = new Map<string, unknown>()
  for (const payload of payloads) {
    const value = payload?.value()
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue
    for (const [key, field] of Object.entries(value)) merged.set(key, field)
  }
  // `fromEntries` defines its keys, so that one may be called `__proto__`.
  return Object.fromEntries(merged)
}

/** The same on its way through the house. Where there is only one object, it is passed through. */
export function mergedPayload(payloads: readonly (Payload | undefined)[]): Payload {
  const objects = payloads.filter((payload) => payload !== undefined && /^\s*\{/.test(payload.text))
  const [only, ...others] = objects
  if (only !== undefined && others.length === 0) return only
  return Payload.fromStored(JSON.stringify(mergeAttributes(objects)))
}
