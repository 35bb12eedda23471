import type { ErrorCode } from '@tunacorn/protocol'
import type { ErrorDetails } from '../errors.js'
import type { ProcessEvent } from './events.js'

/** What was decided: the events that follow, in order, or a rejection with its reason. */
export type Decision =
  | { readonly events: readonly ProcessEvent[]; readonly rejection?: undefined }
  | { readonly rejection: Rejection; readonly events?: undefined }

export interface Rejection extends ErrorDetails {
  readonly code: ErrorCode
  readonly detail: string
}

export function accept(...events: readonly ProcessEvent[]): Decision {
  return { events }
}

export function reject(code: ErrorCode, detail: string): Decision {
  return { rejection: { code, detail } }
}
