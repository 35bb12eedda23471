import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/**
 * Stands between workers and a server, or a server and its database: connections are cut, answers lost, and everything
 * hangs, when it is told so.
 */
export class LossyProxy {
  readonly #server: Server
  #port: number
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #answersToLose = 0
  #isStalled = false

  private constructor(port: number) {
    this.#port = port
    this.#server = createServer((client) => this.#relay(client))
  }

  /** @param url of the server behind it, which need not be there yet. */
  static async start(url: string): Promise<LossyProxy> {
    const proxy = new LossyProxy(portOf(url))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ownPort}`
  }

  /** The same place, through here. */
  urlOf(url: string): string {
    const own = new URL(url)
    own.port = String(this.#ownPort)
    return own.href
  }

  /** What is opened from now on leads there; nothing is left of what was. */
  pointTo(url: string): void {
    this.#port = portOf(url)
    this.cut()
  }

  /** Nothing gets through in either direction, and nobody is told: as behind a cable that is pulled out. */
  stall(): void {
    this.#isStalled = true
    this.stallOpen()
  }

  /** So it is with connections that are open now; others work. */
  stallOpen(): void {
    for (const [client, server] of this.#pairs) {
      client.pause()
      server.pause()
    }
  }

  /** Everything gets through again; what hangs does not. */
  flow(): void {
    this.#isStalled = false
    this.cut()
  }

  /** Whatever is under way breaks off, on both sides. */
  cut(): number {
    const count = this.#pairs.size
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
    return count
  }

  /** So many of the next answers do not arrive: what they answer has been done, or not. */
  loseAnswers(count: number): void {
    this.#answersToLose += count
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }

  get #ownPort(): number {
    return (this.#server.address() as AddressInfo).port
  }

  #relay(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.#port })
    const pair = [client, server] as const
    this.#pairs.add(pair)
    for (const socket of pair) {
      socket.setNoDelay()
      const other = socket === client ? server : client
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#pairs.delete(pair)
        other.destroy()
      })
    }
    // It is there, and that is all.
    if (this.#isStalled) client.pause()
    client.on('data', (chunk) => server.write(chunk))
    server.on('data', (chunk) => {
      if (this.#answersToLose > 0) {
        this.#answersToLose -= 1
        client.destroy()
      } else client.write(chunk)
    })
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}
