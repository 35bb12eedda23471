import { call, type Answer } from './api.js'

/** Sends everything again until it is answered, as a client does whose server is restarting. */
export class PatientClient {
  readonly url: string
  readonly #restarting: () => Promise<void> | undefined
  #onAnswer: (() => Promise<void>) | undefined

  constructor(url: string, restarting: () => Promise<void> | undefined) {
    this.url = url
    this.#restarting = restarting
  }

  /** The next answer to something that changes anything is not heard; what is done meanwhile is awaited. */
  loseNextAnswer(meanwhile: () => Promise<void>): void {
    this.#onAnswer = meanwhile
  }

  async ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    const contentType = typeof body === 'string' ? 'application/yaml' : 'application/json'
    for (;;) {
      const answer = await call(this.url, method, path, body, contentType, headers).catch(() => undefined)
      const onAnswer = method === 'GET' ? undefined : this.#onAnswer
      if (answer !== undefined && answer.status < 500) {
        if (onAnswer === undefined) return answer
        this.#onAnswer = undefined
        await onAnswer()
      }
      await this.#restarting()
    }
  }
}
