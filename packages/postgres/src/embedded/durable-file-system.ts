import fs from 'node:fs'
import type { NodeFS } from '@electric-sql/pglite/nodefs'

interface NodeFileOperations {
  stream_ops: { fsync?: (stream: { nfd: number }) => number }
  /** turns Node's errors into the error numbers that PostgreSQL understands */
  tryFSOperation<T>(operation: () => T): T
}

/**
 * Makes fsync reach the disk. Emscripten's NODEFS lacks the operation, so in plain PGlite fsync succeeds
 * and does nothing, and what was committed shortly before a loss of power is gone (or the files don't fit
 * together any more). fdatasync is stubbed out deeper down: PostgreSQL has to run with
 * `wal_sync_method=fsync`.
 */
export function durable(fileSystem: NodeFS): NodeFS {
  const init = fileSystem.init.bind(fileSystem)
  fileSystem.init = async (database, options) => {
    const { emscriptenOpts } = await init(database, options)
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), passFsyncOn] } }
  }
  return fileSystem
}

function passFsyncOn({ NODEFS }: { NODEFS: NodeFileOperations }): void {
  NODEFS.stream_ops.fsync = ({ nfd }) => {
    NODEFS.tryFSOperation(() => fs.fsyncSync(nfd))
    return 0
  }
}
