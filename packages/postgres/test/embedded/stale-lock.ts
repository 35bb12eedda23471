import { execFileSync } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** A lock as a killed process leaves it. */
export async function leaveStaleLock(place: string): Promise<void> {
  const pid = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }))
  const numbers = (await readdir(place)).map((name) => Number(/^lock\.(\d+)$/.exec(name)?.[1] ?? 0))
  const path = join(place, `lock.${Math.max(0, ...numbers) + 1}`)
  await writeFile(path, JSON.stringify({ pid, start: '1', host: hostname() }))
}
