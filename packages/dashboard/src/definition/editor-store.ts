import { TunaCornHttpError } from '@tunacorn/client'
import type { DefinitionProblem, ValidDefinition } from '@tunacorn/protocol'
import { signal } from '@preact/signals'
import { client, messageOf, noteRefusal } from '../stores/session.js'

const restMs = 300

export type Verdict =
  | { readonly kind: 'valid'; readonly definition: ValidDefinition }
  | { readonly kind: 'invalid'; readonly problems: readonly DefinitionProblem[] }
  | { readonly kind: 'unknown'; readonly message: string }

const firstText = `name: my-process
tasks:
  - name: First

  - name: Second
    needs: [First]
`

/** A text on its way to be a definition: checked whenever the typing rests. */
export class EditorStore {
  readonly text = signal('')
  readonly verdict = signal<Verdict | undefined>(undefined)
  readonly #name: string | undefined
  readonly #version: number | undefined
  #timer: number | undefined
  #checking: AbortController | undefined

  constructor(name: string | undefined, version: number | undefined) {
    this.#name = name
    this.#version = version
  }

  start(): void {
    void this.#loadFirst()
  }

  stop(): void {
    window.clearTimeout(this.#timer)
    this.#checking?.abort()
  }

  write(text: string): void {
    this.text.value = text
    window.clearTimeout(this.#timer)
    this.#timer = window.setTimeout(() => void this.#check(), restMs)
  }

  /** @returns the name that it was registered by, unless it was refused */
  async register(): Promise<{ name: string; version: number } | undefined> {
    try {
      return await client.value.registerDefinition(this.text.value)
    } catch (error) {
      this.verdict.value = verdictOf(noteRefusal(error, 'define'))
      return undefined
    }
  }

  async #loadFirst(): Promise<void> {
    try {
      this.write(
        this.#name === undefined
          ? firstText
          : await client.value.getDefinitionSource(this.#name, this.#version),
      )
    } catch (error) {
      this.verdict.value = verdictOf(noteRefusal(error))
    }
  }

  async #check(): Promise<void> {
    this.#checking?.abort()
    const checking = (this.#checking = new AbortController())
    try {
      const definition = await client.value.validateDefinition(this.text.value, 'yaml', {
        signal: checking.signal,
      })
      this.verdict.value = { kind: 'valid', definition }
    } catch (error) {
      if (!checking.signal.aborted) this.verdict.value = verdictOf(noteRefusal(error))
    }
  }
}

function verdictOf(error: unknown): Verdict {
  const problems = error instanceof TunaCornHttpError ? error.problem.problems : undefined
  return problems === undefined
    ? { kind: 'unknown', message: messageOf(error) }
    : { kind: 'invalid', problems }
}
