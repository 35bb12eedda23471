import { errorRegistry, type ErrorCode } from '@tunacorn/protocol'

/** An error with a stable code from the registry; everything the engine refuses is one. */
export class TunaCornError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, detail: string = errorRegistry[code].title, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'TunaCornError'
    this.code = code
  }
}
