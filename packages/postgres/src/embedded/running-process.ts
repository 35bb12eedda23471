import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { errorCode } from './thrown.js'

/**
 * When a process was started, as text that only has to be compared: a process id is used again, but not
 * with the same start. Undefined when there is no such process; '' when the platform doesn't tell.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (!isAlive(pid)) return undefined
  if (process.platform === 'linux') return linuxProcessStart(pid)
  if (process.platform === 'win32') return ''
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)])
    return stdout.trim()
  } catch {
    return isAlive(pid) ? '' : undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it's there, but not ours.
    return errorCode(error) === 'EPERM'
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: field 22, in clock ticks since the boot. */
async function linuxProcessStart(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses, and may hold spaces and parentheses itself.
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, start] = [afterName[0], afterName[19]]
    return state === 'Z' || state === 'X' ? undefined : start
  } catch {
    return undefined
  }
}
