import type { ProcessRecord, StartOnce } from '../lists/process-list.js'
import type { ProcessCommand } from '../process/commands.js'
import type { ProcessEventType } from '../process/events.js'
import type { Rejection } from '../process/decision.js'
import type { Payload } from '../payload.js'
import type { ProcessCopy } from './process-cache.js'

/** What can be asked of a lane about one process. */
export type Work =
  | { readonly kind: 'start'; readonly start: StartPlan }
  | { readonly kind: 'command'; readonly command: Exclude<ProcessCommand, { type: 'start' }> }
  /** Looks at an up-to-date copy, at a moment when nothing uncommitted is in it. */
  | { readonly kind: 'look'; readonly look: (copy: ProcessCopy) => void }

export interface StartPlan {
  readonly definition: string
  /** The default version when absent. */
  readonly version: number | undefined
  readonly input: Payload | undefined
  readonly priority: number
  /** A name of the client's own, unique among the live processes of the definition. */
  readonly key: string | undefined
  readonly once: StartOnce | undefined
  /** The process that this one cleans up after. */
  readonly failureOf: string | undefined
  /** The span that it is a part of. */
  readonly traceparent: string | undefined
}

/** How it came out. */
export type Outcome =
  | {
      readonly status: 'done'
      readonly version: number
      readonly record: ProcessRecord
      /** The event that the command has made, if it has. */
      readonly made?: ProcessEventType | undefined
    }
  | { readonly status: 'rejected'; readonly rejection: Rejection; readonly endedIn?: number | undefined }
  | { readonly status: 'claim-lost' }

/** Work on its way, and who waits for it. */
export interface Errand {
  readonly processId: string
  readonly work: Work
  readonly settle: (outcome: Outcome) => void
  readonly refuse: (error: unknown) => void
}
