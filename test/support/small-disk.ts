import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of its own, small and in memory, that can be filled to the last byte. Only root can make one. */
export class SmallDisk {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  static canMount(): boolean {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
    try {
      SmallDisk.mount(1).unmount()
      return true
    } catch {
      return false
    }
  }

  static mount(megabytes: number): SmallDisk {
    const directory = mkdtempSync(join(tmpdir(), 'tunacorn-disk-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory], {
        stdio: 'pipe',
      })
    } catch (error) {
      rmdirSync(directory)
      throw error
    }
    chmodSync(directory, 0o755)
    return new SmallDisk(directory)
  }

  fill(): void {
    const file = openSync(this.#filler, 'a')
    try {
      for (let bytes = 1024 * 1024; bytes > 0;) {
        try {
          // Where it is nearly full, less is written than was asked.
          writeSync(file, Buffer.alloc(bytes))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
          bytes = Math.floor(bytes / 2)
        }
      }
    } finally {
      closeSync(file)
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true })
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.directory], { stdio: 'pipe' })
    rmdirSync(this.directory)
  }

  get #filler(): string {
    return join(this.directory, 'filler')
  }
}
