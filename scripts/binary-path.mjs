import { delimiter, join } from 'node:path'

/** The environment, with the commands of what is installed in front: what pnpm and npm do for their scripts. */
export function binaryPath(root) {
  const bin = join(root, 'node_modules', '.bin')
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH'
  return { ...process.env, [name]: [bin, process.env[name]].join(delimiter) }
}
