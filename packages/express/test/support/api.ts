import request from 'supertest'
import { checkAnswer, type Answered, type Method } from './contract.js'

export interface Reply<Body = Problem> extends Answered {
  readonly body: Body
}

/** As much of a problem as tests look at. */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly detail?: string
  /** The process that has the key. */
  readonly process?: string
  readonly errors?: readonly { readonly in: string; readonly pointer: string; readonly message: string }[]
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is; `headers` should say what it is. */
  readonly text?: string
  /** Sent as JSON. */
  readonly json?: unknown
}

/** Asks a TunaCorn over HTTP. Every answer is checked against openapi.yaml before a test sees it. */
export class Api {
  readonly url: string

  /** @param url where the router is mounted, without a slash at the end. */
  constructor(url: string) {
    this.url = url
  }

  get<Body = Problem>(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply<Body>> {
    return this.send('get', path, { headers })
  }

  post<Body = Problem>(path: string, json: unknown = {}): Promise<Reply<Body>> {
    return this.send('post', path, { json })
  }

  postText<Body = Problem>(path: string, text: string, type: string): Promise<Reply<Body>> {
    return this.send('post', path, { text, headers: { 'content-type': type } })
  }

  delete<Body = Problem>(path: string): Promise<Reply<Body>> {
    return this.send('delete', path)
  }

  async send<Body = Problem>(method: Method, path: string, sent: Sent = {}): Promise<Reply<Body>> {
    const { headers = {}, json } = sent
    const text = json === undefined ? sent.text : JSON.stringify(json)
    const agent = request(this.url)
    const asked = agent[method](path)
      .set(json === undefined ? headers : { 'content-type': 'application/json', ...headers })
      .buffer(true)
      .parse(readText)
    const response = await (text === undefined ? asked : asked.send(text))
    const answer: Answered = {
      status: response.status,
      headers: response.headers as Answered['headers'],
      text: (response.body as string | undefined) ?? '',
    }
    // The contract has checked it; what `Body` adds is the test's own claim.
    return { ...answer, body: checkAnswer(method, path, answer) as Body }
  }
}

function readText(
  response: { on(event: string, listener: (chunk: Buffer) => void): unknown },
  done: (error: Error | null, text: string) => void,
): void {
  const chunks: Buffer[] = []
  response.on('data', (chunk) => chunks.push(chunk))
  response.on('end', () => done(null, Buffer.concat(chunks).toString()))
}
