import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'

const repository = fileURLToPath(new URL('../../../..', import.meta.url))
const bin = fileURLToPath(new URL('../../bin/tunacorn.js', import.meta.url))

// Each command is a program of its own, which takes seconds to start where much else goes on.
vi.setConfig({ testTimeout: 90_000 })

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What comes on standard input. */
  readonly input?: string
}

export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const running = new Set<ChildProcess>()

/** For after each test, or after all of a file whose tests run at the same time. */
export async function killAll(): Promise<void> {
  const exits = [...running].map((child) => once(child, 'exit'))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(exits)
}

/** `tunacorn` as a process of its own, with nothing of this one's environment that it might read. */
export class Command {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #exited: Promise<Result>
  #onOutput: () => void = () => {}

  constructor(args: readonly string[], { env = {}, cwd = repository, input = '' }: Surroundings = {}) {
    const { PATH = '', HOME = '' } = process.env
    this.#child = spawn(process.execPath, [bin, ...args], { cwd, env: { PATH, HOME, ...env } })
    running.add(this.#child)
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear('stdout', text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear('stderr', text))
    this.#child.stdin?.end(input)
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => running.delete(this.#child))
      this.#child.once('close', (code) => {
        this.#onOutput()
        resolve({ code, stdout: this.stdout, stderr: this.stderr })
      })
    })
  }

  get exited(): Promise<Result> {
    return this.#exited
  }

  /** Resolves with the match when standard output holds it; rejects when the command ends without. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout)
      if (match !== null) return match
      if (!running.has(this.#child)) {
        throw new Error(`Expected ${pattern} before it ended, but it said:\n${this.stdout}\n${this.stderr}`)
      }
      await new Promise<void>((resolve) => {
        this.#onOutput = resolve
      })
    }
  }

  kill(signal: NodeJS.Signals): Promise<Result> {
    this.#child.kill(signal)
    return this.#exited
  }

  #hear(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text
    this.#onOutput()
  }
}

export function tunacorn(args: readonly string[], surroundings?: Surroundings): Promise<Result> {
  return new Command(args, surroundings).exited
}

/** A server that has said where it listens. */
export async function serveCommand(
  args: readonly string[],
  surroundings?: Surroundings,
): Promise<{ server: Command; url: string }> {
  const server = new Command(['serve', '--port', '0', ...args], surroundings)
  const [, url = ''] = await server.says(/"url":"([^"]+)".*"Listening"/)
  return { server, url }
}
