import { Agent, request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { checkAnswer, openapi, type Answered } from '../contract.js'
import { kinds, type FuzzRequest, type Kind } from './requests.js'

/** Longer than anything that is asked for may take. */
const patienceMs = 60_000
/** How many of each kind are remembered: the latest, so that many of them are still alive. */
const maxKnown = 100

/** Sends requests of all kinds to a TunaCorn, remembers what it learns from the answers, and checks all of them. */
export class FuzzWorld {
  readonly #url: URL
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 })
  readonly #known: Readonly<Record<Kind, string[]>>
  /** How often each operation was answered with each kind of status: `startProcess 2xx`. */
  readonly counts = new Map<string, number>()
  sent = 0

  constructor(url: string) {
    this.#url = new URL(url)
    this.#known = Object.fromEntries(kinds.map((kind) => [kind, [] as string[]])) as Record<Kind, string[]>
  }

  /** @throws Error when it is answered with what openapi.yaml does not have, or not at all. */
  async send(wanted: FuzzRequest): Promise<void> {
    const filled: FuzzRequest = {
      ...wanted,
      // What was damaged cannot be filled in.
      path: this.#fill(wanted.path, encodeURIComponent).replaceAll(/[^!-~]/g, '_'),
      body: wanted.body === undefined ? undefined : this.#fill(wanted.body, inJson),
    }
    this.sent += 1
    try {
      const answer = await this.#exchange(filled)
      if (answer !== undefined) this.#check(filled, answer)
    } catch (error) {
      const shown = JSON.stringify({ ...filled, body: filled.body?.slice(0, 2_000) }, undefined, 2)
      throw new Error(`${(error as Error).message}\nRequest ${this.sent}: ${shown}`, { cause: error })
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #fill(text: string, write: (value: string) => string): string {
    return text.replaceAll(/«(\w+) (\d+)»/g, (_, kind: string, n: string) => {
      // What was damaged is of no kind.
      const all = this.#known[kind as Kind] ?? []
      return write(all[Number(n) % Math.max(1, all.length)] ?? 'nothing')
    })
  }

  #exchange({ method, path, headers, body, cutAt }: FuzzRequest): Promise<Answered | undefined> {
    return new Promise((resolve, reject) => {
      const sending = request({
        hostname: this.#url.hostname,
        port: this.#url.port,
        method,
        path,
        agent: this.#agent,
        timeout: patienceMs,
      })
      let hasAnswered = false
      for (const [name, value] of grouped(headers)) sending.setHeader(name, value)
      sending.on('timeout', () => sending.destroy(new Error(`Expected an answer within ${patienceMs} ms`)))
      sending.on('response', (response: IncomingMessage) => {
        hasAnswered = true
        if (response.headers['content-type'] === 'text/event-stream') {
          // It would go on until the process has ended.
          setTimeout(() => response.destroy(), 20)
          response
            .resume()
            .on('close', () => resolve(undefined))
            .on('error', () => {})
          return
        }
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        )
        response.on('error', reject)
      })
      // Once it is answered, whether the rest of the body still arrived is of no interest.
      sending.on('error', (error) => (hasAnswered ? undefined : reject(error)))
      // Without it, a GET's body would be taken for the next request.
      if (body !== undefined) sending.setHeader('Content-Length', Buffer.byteLength(body))
      if (cutAt === undefined || body === undefined) {
        sending.end(body)
        return
      }
      sending.setHeader('Content-Length', Buffer.byteLength(body) + 1)
      const giveUp = (socket: Socket) => {
        socket.once('close', () => resolve(undefined))
        sending.write(body.slice(0, cutAt), () => socket.destroy())
      }
      sending.on('socket', (socket) =>
        socket.connecting ? socket.once('connect', () => giveUp(socket)) : giveUp(socket),
      )
      sending.removeAllListeners('error').on('error', () => resolve(undefined))
    })
  }

  #check({ operationId, method, path }: FuzzRequest, answer: Answered): void {
    const { status, text } = answer
    const counted = `${operationId} ${String(status)[0]}xx`
    this.counts.set(counted, (this.counts.get(counted) ?? 0) + 1)
    if (status >= 500) throw new Error(`Expected no ${status}, but: ${text.slice(0, 2_000)}`)
    if (!isKnown(path) || isUndecodable(path)) {
      if (status < 400)
        throw new Error(`Expected nothing to be there, but: ${status} ${text.slice(0, 2_000)}`)
      return
    }
    if (method === 'HEAD') {
      if (text !== '') throw new Error(`Expected no body for HEAD, but: ${text.slice(0, 200)}`)
      return
    }
    this.#learn(operationId, checkAnswer(method, path, answer))
  }

  #learn(operationId: string, body: unknown): void {
    if (typeof body !== 'object' || body === null || 'code' in body) return
    const { id, name, tasks, items, nextCursor } = body as Record<string, unknown>
    if (operationId === 'registerDefinition') this.#remember('definition', name)
    if (operationId === 'startProcess') {
      this.#remember('process', id)
      this.#remember('task', `${String(id)}.0`)
    }
    if (operationId === 'startProcesses')
      for (const item of list(items))
        this.#remember('process', (item['process'] as { id?: string } | undefined)?.id)
    if (operationId === 'claimTasks') {
      for (const { id: task, claim } of list(tasks)) this.#hold(task, claim)
    }
    if (operationId === 'claimTask') this.#hold(id, (body as Record<string, unknown>)['claim'])
    if (operationId === 'listTasks') for (const task of list(items)) this.#remember('task', task['id'])
    this.#remember('cursor', nextCursor)
  }

  /** Both at the same place, so that they are used together more often than by chance. */
  #hold(task: unknown, claim: unknown): void {
    this.#remember('held', task)
    this.#remember('claim', claim)
  }

  #remember(kind: Kind, value: unknown): void {
    if (typeof value !== 'string') return
    this.#known[kind].push(value)
    if (this.#known[kind].length > maxKnown) this.#known[kind].shift()
  }
}

const list = (value: unknown) => (Array.isArray(value) ? (value as Readonly<Record<string, unknown>>[]) : [])

/** As it stands within a text of JSON. */
function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1)
}

/** Those of one name go on lines of their own. */
function grouped(headers: FuzzRequest['headers']): Map<string, string | string[]> {
  const all = new Map<string, string[]>()
  for (const [name, value] of headers)
    all.set(name, [...(all.get(name) ?? []), value.replaceAll(/[^ -~]/g, '?')])
  return new Map([...all].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]))
}

const patterns = Object.keys(openapi.paths).map(
  (path) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
)

function isKnown(path: string): boolean {
  return patterns.some((pattern) => pattern.test(path.split('?')[0] ?? ''))
}

function isUndecodable(path: string): boolean {
  try {
    decodeURIComponent(path.split('?')[0] ?? '')
    return false
  } catch {
    return true
  }
}
