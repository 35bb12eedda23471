import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/** Whom to run PostgreSQL as, which refuses to run as root. Undefined: as whoever runs this. */
export async function unprivilegedUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const user = (await lookUp('postgres')) ?? (await lookUp('nobody'))
  if (!user)
    throw new Error('PostgreSQL can’t run as root, and there is neither a user "postgres" nor "nobody"')
  return user
}

async function lookUp(name: string): Promise<SystemUser | undefined> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => promisify(execFile)('id', [flag, name])))
    return uid && gid && { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}
