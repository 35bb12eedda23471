import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { nowMs } from './clock.mjs'
import { installedVersion } from './install.mjs'
import { nodeBinary, rootDirectory } from './places.mjs'
import { median, percentile } from './statistics.mjs'

const syncs = 200
const pageBytes = 8_192

/**
 * What the figures depend on.
 *
 * @param {object} what
 * @param {readonly import('./peers.mjs').Peer[]} what.peers
 * @param {string} what.directory on the disk that is measured
 */
export function describeMachine({ peers, directory }) {
  const names = [...new Set(peers.flatMap((peer) => peer.packages))].toSorted()
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()}`,
    disk: { filesystem: filesystemOf(directory), ...syncLatency(directory) },
    nodes: [24, 20].map((major) => output(nodeBinary(major), ['--version'])),
    tunacorn: tunacornVersion(),
    packages: Object.fromEntries(names.map((name) => [name, installedVersion(name)])),
  }
}

/** A page written and flushed, as a commit does it. */
function syncLatency(directory) {
  const file = join(directory, 'sync-latency')
  const page = Buffer.alloc(pageBytes, 1)
  const descriptor = openSync(file, 'w')
  try {
    // Written once before, so that the file does not grow while it is measured.
    for (let number = 0; number < syncs; number++)
      writeSync(descriptor, page, 0, pageBytes, number * pageBytes)
    fdatasyncSync(descriptor)
    const latenciesMs = Array.from({ length: syncs }, (_, number) => {
      const begunAtMs = nowMs()
      writeSync(descriptor, page, 0, pageBytes, number * pageBytes)
      fdatasyncSync(descriptor)
      return nowMs() - begunAtMs
    })
    return { syncP50Ms: median(latenciesMs), syncP99Ms: percentile(latenciesMs, 0.99) }
  } finally {
    closeSync(descriptor)
    rmSync(file)
  }
}

function filesystemOf(directory) {
  return output('stat', ['--file-system', '--format=%T', directory])
}

function tunacornVersion() {
  const git = (...args) => output('git', ['-C', rootDirectory, ...args])
  const commit = git('rev-parse', '--short', 'HEAD')
  return git('status', '--porcelain', '--', 'packages') === '' ? commit : `${commit}, changed`
}

function output(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}
