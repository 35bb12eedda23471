import { TunaCornConnectionError, TunaCornHttpError, type CallOptions } from '@tunacorn/client'
import type { DefinitionProblem, ValidDefinition } from '@tunacorn/protocol'
import { computed, signal } from '@preact/signals'
import { draftOf, keepDraft } from '../stores/drafts.js'
import { client, messageOf, noteRefusal } from '../stores/session.js'

const restMs = 300
/** When the server has not answered. */
const againMs = 3_000

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
  readonly text
  /** What it was before anybody wrote. */
  readonly first = signal<string | undefined>(undefined)
  readonly isChanged = computed(() => this.first.value !== undefined && this.text.value !== this.first.value)
  readonly verdict = signal<Verdict | undefined>(undefined)
  readonly #name: string | undefined
  readonly #version: number | undefined
  readonly #subject: string
  #unsubscribe: (() => void) | undefined
  #timer: number | undefined
  #checking: AbortController | undefined

  constructor(name: string | undefined, version: number | undefined) {
    this.#name = name
    this.#version = version
    this.#subject = `${name ?? ''} ${version ?? ''}`
    this.text = signal(draftOf(this.#subject) ?? '')
  }

  start(): void {
    // Now, and whenever another key is given.
    this.#unsubscribe = client.subscribe(() => void this.#check())
  }

  stop(): void {
    this.#unsubscribe?.()
    window.clearTimeout(this.#timer)
    this.#checking?.abort()
  }

  write(text: string): void {
    this.text.value = text
    keepDraft(this.#subject, text)
    this.#checkIn(restMs)
  }

  startOver(): void {
    this.write(this.first.peek() ?? '')
    keepDraft(this.#subject, undefined)
  }

  /** @returns the name that it was registered by, unless it was refused */
  async register(): Promise<{ name: string; version: number } | undefined> {
    try {
      const registered = await client.value.registerDefinition(this.text.value)
      keepDraft(this.#subject, undefined)
      return registered
    } catch (error) {
      this.verdict.value = verdictOf(noteRefusal(error, 'define'))
      return undefined
    }
  }

  #checkIn(ms: number): void {
    window.clearTimeout(this.#timer)
    this.#timer = window.setTimeout(() => void this.#check(), ms)
  }

  async #check(): Promise<void> {
    this.#checking?.abort()
    const { signal: aborted } = (this.#checking = new AbortController())
    const options = { signal: aborted }
    try {
      if (this.first.peek() === undefined) {
        this.first.value = await this.#loadFirst(options)
        // What has been begun is not written over.
        this.text.value = draftOf(this.#subject) ?? this.first.peek() ?? ''
      }
      const definition = await client.value.validateDefinition(this.text.peek(), 'yaml', options)
      this.verdict.value = { kind: 'valid', definition }
    } catch (error) {
      if (aborted.aborted) return
      this.verdict.value = verdictOf(noteRefusal(error))
      if (error instanceof TunaCornConnectionError) this.#checkIn(againMs)
    }
  }

  async #loadFirst(options: CallOptions): Promise<string> {
    if (this.#name === undefined) return firstText
    return await client.value.getDefinitionSource(this.#name, this.#version, options)
  }
}

function verdictOf(error: unknown): Verdict {
  const problems = error instanceof TunaCornHttpError ? error.problem.problems : undefined
  return problems === undefined
    ? { kind: 'unknown', message: messageOf(error) }
    : { kind: 'invalid', problems }
}
