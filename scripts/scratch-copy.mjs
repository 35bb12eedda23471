import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'

const leftOut = new Set(['.git', '.pnpm', '.cache', '.vite', '.tunacorn', 'bench'])

/**
 * A copy of the workspace, built as it is here, in which faults can be made: in the system's temporary directory, gone
 * with `remove`. Third-party packages are linked; ours are the copy's own.
 */
export function scratchCopy(root) {
  const directory = mkdtempSync(join(tmpdir(), 'tunacorn-scratch-'))
  // Links between packages are relative, and so lead to the copy's own.
  const filter = (path) =>
    !leftOut.has(basename(path)) && relative(root, path) !== join('mutation', 'node_modules')
  cpSync(root, directory, { recursive: true, verbatimSymlinks: true, filter })
  for (const modules of ['node_modules', join('mutation', 'node_modules')]) {
    const from = modules === 'node_modules' ? join(modules, '.pnpm') : modules
    symlinkSync(join(root, from), join(directory, from))
  }
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}
