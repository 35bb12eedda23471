import type { Payload } from '../payload.js'
import type { Claim } from './events.js'

/** What may be asked of a process. Tasks are named by their index in the definition. */
export type ProcessCommand =
  { readonly type: 'start' } | EndTask | { readonly type: 'cancel'; readonly reason?: Payload | undefined }

export interface EndTask {
  readonly type: 'complete-task' | 'fail-task'
  readonly task: number
  readonly payload?: Payload | undefined
  readonly claim?: Claim | undefined
}
