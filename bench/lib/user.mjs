import { execFileSync } from 'node:child_process'

/**
 * Whom to run a server as that refuses to run as root. Undefined: as whoever runs this.
 *
 * @returns {{ uid: number, gid: number } | undefined}
 */
export function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined
  const user = idsOf('postgres') ?? idsOf('nobody')
  if (user !== undefined) return user
  throw new Error(
    'Expected a user "postgres" or "nobody" to run PostgreSQL as, since it refuses to run as root, but there is neither. Add one, or run the benchmark as an ordinary user.',
  )
}

function idsOf(name) {
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] })),
    )
    return { uid, gid }
  } catch {
    return undefined
  }
}
