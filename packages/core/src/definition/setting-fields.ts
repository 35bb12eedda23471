import type { TaskSettings } from './definition.js'
import { durationField, numberField } from './read-scalars.js'
import type { Field } from './read-mapping.js'
import { readRetry } from './retry-fields.js'

/** A key as the language writes it: there the unit stands with the value. */
export type Written<Key> = Key extends `${infer Name}Ms` ? Name : Key

/** The values under the keys of task settings; durations in milliseconds. */
export type WrittenSettings = { readonly [K in keyof TaskSettings as Written<K>]: TaskSettings[K] }

/** The keys that tasks and `defaults` share. A new one is added here, and to `TaskSettings`. */
export const SETTING_FIELDS = {
  retry: {
    read: readRetry,
    alsoCalled: [
      'attempts',
      'backoff',
      'maxAttempts',
      'maxRetries',
      'retries',
      'retryPolicy',
      'retryStrategy',
    ],
  },
  timeout: durationField({
    zero: 'refused',
    alsoCalled: ['deadline', 'maxDuration', 'startToCloseTimeout', 'timeLimit', 'timeoutSeconds'],
  }),
  heartbeat: durationField({
    zero: 'refused',
    alsoCalled: ['heartbeatInterval', 'heartbeatSeconds', 'heartbeatTimeout', 'keepAlive', 'lease'],
  }),
  scheduleTimeout: durationField({
    zero: 'refused',
    alsoCalled: ['pollTimeoutSeconds', 'queueTimeout', 'scheduleToStartTimeout', 'waitTimeout'],
  }),
  delay: durationField({ zero: 'allowed', alsoCalled: ['delaySeconds', 'sleep', 'startDelay', 'wait'] }),
  priority: numberField({
    what: 'the priority',
    min: 0,
    max: 9,
    whole: true,
    alsoCalled: ['importance', 'prio', 'rank', 'weight'],
  }),
} satisfies { [K in keyof WrittenSettings]-?: Field<Required<WrittenSettings>[K]> }

/** The settings under the names that carry their units. */
export function settingsOf(written: WrittenSettings): TaskSettings {
  const { retry, timeout, heartbeat, scheduleTimeout, delay, priority } = written
  return {
    ...(retry !== undefined && { retry }),
    ...(timeout !== undefined && { timeoutMs: timeout }),
    ...(heartbeat !== undefined && { heartbeatMs: heartbeat }),
    ...(scheduleTimeout !== undefined && { scheduleTimeoutMs: scheduleTimeout }),
    ...(delay !== undefined && { delayMs: delay }),
    ...(priority !== undefined && { priority }),
  }
}
