/**
 * Every error that TunaCorn answers with: its code, the HTTP status, what it says in general, and whether
 * sending the same request again may succeed without anything else having changed.
 */
export const errorRegistry = {
  'malformed-json': { status: 400, title: 'The body is not JSON', mayRetry: false },
  'invalid-request': { status: 400, title: 'The request is not as the API describes it', mayRetry: false },
  unauthenticated: { status: 401, title: 'Who asks is not known', mayRetry: false },
  forbidden: { status: 403, title: 'Who asks may not do this', mayRetry: false },
  'cross-origin': { status: 403, title: 'It was asked for a page of another origin', mayRetry: false },
  'not-found': { status: 404, title: 'There is no such route', mayRetry: false },
  'definition-not-found': { status: 404, title: 'There is no such definition', mayRetry: false },
  'process-not-found': { status: 404, title: 'There is no such process', mayRetry: false },
  'task-not-found': { status: 404, title: 'There is no such task', mayRetry: false },
  'method-not-allowed': { status: 405, title: 'This route does not have this method', mayRetry: false },
  'not-acceptable': { status: 406, title: 'It cannot be shown in this form', mayRetry: false },
  'key-taken': { status: 409, title: 'A live process has this key', mayRetry: false },
  'start-in-flight': { status: 409, title: 'Another start with this key is under way', mayRetry: true },
  'definition-in-use': { status: 409, title: 'Something refers to this definition', mayRetry: false },
  'process-running': { status: 409, title: 'The process has not ended', mayRetry: false },
  'process-ended': { status: 409, title: 'The process has ended', mayRetry: false },
  'task-ended': { status: 409, title: 'The task has ended', mayRetry: false },
  'task-not-active': { status: 409, title: 'The task waits for others', mayRetry: false },
  'task-not-claimable': { status: 409, title: 'The task cannot be claimed yet', mayRetry: false },
  'task-held': { status: 409, title: 'A worker holds the task', mayRetry: false },
  'claim-lost': { status: 409, title: 'The claim is not live', mayRetry: false },
  'too-large': { status: 413, title: 'It is too large', mayRetry: false },
  'unsupported-media-type': { status: 415, title: 'The body is of an unknown type', mayRetry: false },
  'unknown-host': { status: 421, title: 'The server is not known by this name', mayRetry: false },
  'input-invalid': { status: 422, title: 'The input is not as the definition wants it', mayRetry: false },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    mayRetry: false,
  },
  'definition-invalid': { status: 422, title: 'The definition is not sound', mayRetry: false },
  'payload-refused': { status: 422, title: 'The value cannot be stored as it is', mayRetry: false },
  'history-unknown': {
    status: 500,
    title: 'The history holds what this version does not know',
    mayRetry: false,
  },
  internal: { status: 500, title: 'Something went wrong here', mayRetry: true },
  unavailable: { status: 503, title: 'The store does not answer', mayRetry: true },
  'too-many-waiting': { status: 503, title: 'Too many wait already', mayRetry: true },
  closing: { status: 503, title: 'The engine is closing', mayRetry: true },
} as const satisfies Record<string, { status: number; title: string; mayRetry: boolean }>

/** A stable name for what went wrong, for programs. */
export type ErrorCode = keyof typeof errorRegistry

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorRegistry, code)
}
