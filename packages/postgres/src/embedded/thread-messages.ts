/** What the database thread needs to know to open its database. */
export interface ThreadSetup {
  /** where PostgreSQL's own files are, once complete; absent: in memory */
  readonly databaseDirectory: string | undefined
  /** where they are made, before they get that name */
  readonly unfinishedDirectory: string | undefined
}

/** To the thread. Handled strictly in the order they were sent. */
export type Request =
  /** frontend messages, whole ones, ending where PostgreSQL has to answer */
  | { readonly kind: 'run'; readonly session: number; readonly bytes: Uint8Array }
  /** the client has gone: forget its transaction, its settings, its prepared statements */
  | { readonly kind: 'endSession' }
  | { readonly kind: 'close' }

/** From the thread. */
export type Report =
  | { readonly kind: 'ready' }
  /** the optional peer could not be imported */
  | { readonly kind: 'notInstalled'; readonly reason: string }
  | { readonly kind: 'answer'; readonly session: number; readonly bytes: Uint8Array }
  /** the database can't go on, or could not start; the thread ends after this */
  | { readonly kind: 'broken'; readonly reason: string }
