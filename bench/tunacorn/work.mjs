/** How the worker process works; see worker-program.mjs. */

/** Twice what one call can carry: while one batch is committed, the handlers have another. */
export const batchedWork = { mode: 'worker', concurrency: 500 }

/** One task per request, so many connections. */
export const singleWork = { mode: 'single', connections: 128 }
