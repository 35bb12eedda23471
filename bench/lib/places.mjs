import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const benchDirectory = dirname(dirname(fileURLToPath(import.meta.url)))
export const rootDirectory = dirname(benchDirectory)
export const modulesDirectory = join(benchDirectory, 'node_modules')
export const reportFile = join(benchDirectory, 'RESULTS.md')

/** @param {number} major 20 or 24: both come with the packages of the benchmark. */
export function nodeBinary(major) {
  return join(modulesDirectory, `node${major}`, 'bin', 'node')
}
