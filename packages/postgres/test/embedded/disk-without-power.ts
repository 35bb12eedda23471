import fs from 'node:fs'
import { dirname, join, relative } from 'node:path'

const watched = [
  'openSync',
  'writeSync',
  'ftruncateSync',
  'fsyncSync',
  'renameSync',
  'unlinkSync',
  'mkdirSync',
] as const

type Call = (...args: readonly unknown[]) => unknown

/**
 * Watches what this process does to the files below a directory, and knows what would be left of them if the
 * power failed now: of each file what it held when it was last synced; of the changes since, none or any.
 * Names are taken to change at once.
 */
export class DiskWithoutPower {
  readonly #directory: string
  readonly #image: string
  readonly #real = { ...fs }
  readonly #paths = new Map<unknown, string>()
  readonly #unsynced = new Set<string>()

  /** @param image where the synced state is kept; must not be there yet */
  constructor(directory: string, image: string) {
    this.#directory = directory
    this.#image = image
    fs.cpSync(directory, image, { recursive: true })
    for (const name of watched) {
      const real = this.#real[name] as Call
      const replacement = (...args: readonly unknown[]) => {
        const result = real(...args)
        this.#note(name, args, result)
        return result
      }
      Object.assign(fs, { [name]: replacement })
    }
  }

  /** Copies what is left to a new directory. With `alsoSome`, some files have what was not synced, too. */
  failInto(copy: string, { alsoSome }: { alsoSome: boolean }): void {
    this.#real.cpSync(this.#image, copy, { recursive: true })
    for (const path of this.#unsynced) {
      if (alsoSome && Math.random() < 0.5) this.#copy(path, copy)
    }
  }

  stopWatching(): void {
    for (const name of watched) Object.assign(fs, { [name]: this.#real[name] })
  }

  #note(name: (typeof watched)[number], [first, second]: readonly unknown[], result: unknown): void {
    switch (name) {
      case 'openSync':
        this.#paths.set(result, this.#within(first))
        break
      case 'writeSync':
      case 'ftruncateSync':
        this.#unsynced.add(this.#paths.get(first) ?? '')
        break
      case 'fsyncSync':
        this.#sync(this.#paths.get(first) ?? '')
        break
      case 'renameSync':
        if (fs.existsSync(join(this.#image, this.#within(first)))) {
          this.#real.renameSync(
            join(this.#image, this.#within(first)),
            join(this.#image, this.#within(second)),
          )
        }
        break
      case 'unlinkSync':
        this.#real.rmSync(join(this.#image, this.#within(first)), { force: true })
        break
      case 'mkdirSync':
        this.#real.mkdirSync(join(this.#image, this.#within(first)), { recursive: true })
        break
    }
  }

  #within(path: unknown): string {
    return relative(this.#directory, String(path))
  }

  #sync(path: string): void {
    this.#copy(path, this.#image)
    this.#unsynced.delete(path)
  }

  #copy(path: string, to: string): void {
    const from = join(this.#directory, path)
    if (!this.#real.statSync(from, { throwIfNoEntry: false })?.isFile()) return
    this.#real.mkdirSync(dirname(join(to, path)), { recursive: true })
    this.#real.copyFileSync(from, join(to, path))
  }
}
