import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { isIPv6, type AddressInfo, type Socket } from 'node:net'
import { errorCode, Failure, messageOf } from './failures.js'

export interface Address {
  readonly host: string
  readonly port: number
}

/** What one client, or many, may take of the server at most. */
export interface HttpLimits {
  /** Those beyond are closed as soon as they come. It is more than may wait at once, so that others get in. */
  readonly maxConnections: number
  /** For the headers of a request, from when the connection is made or the request begins. */
  readonly headersTimeoutMs: number
  /** For a request to come in, whole; how long its answer takes is not limited here. */
  readonly requestTimeoutMs: number
  /** For a connection on which nothing moves, such as that of a client that does not read its answer. */
  readonly silenceMs: number
  /** How often it is looked for those whose time is up. */
  readonly checkEveryMs: number
}

export const defaultHttpLimits: HttpLimits = {
  maxConnections: 10_000,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  // Longer than anything is waited for: a claim for a minute, a large definition for two.
  silenceMs: 300_000,
  checkEveryMs: 5_000,
}

/** How long a connection may still hold up the end, when the server is closed. */
const graceMs = 2_000

/** An HTTP server with timeouts that suit workers, who poll for a minute, and that can be closed at any moment. */
export class HttpServer {
  readonly #server: Server
  /** Connections on which nothing has been asked yet, like those that browsers open in advance. */
  readonly #fresh = new Set<Socket>()

  private constructor(listener: RequestListener, limits: HttpLimits) {
    this.#server = createServer(
      {
        requestTimeout: limits.requestTimeoutMs,
        headersTimeout: limits.headersTimeoutMs,
        connectionsCheckingInterval: limits.checkEveryMs,
        // Longer than the 60 s after which most proxies let go of an idle connection, so that it is never us who
        // closes one on which they are about to ask.
        keepAliveTimeout: 75_000,
        // Finds out that a worker has vanished while it waited, before it is handed work.
        keepAlive: true,
        keepAliveInitialDelay: 30_000,
      },
      listener,
    )
    this.#server.maxConnections = limits.maxConnections
    this.#server.timeout = limits.silenceMs
    this.#server.on('connection', (socket: Socket) => {
      this.#fresh.add(socket)
      socket.once('close', () => this.#fresh.delete(socket))
    })
    this.#server.on('request', ({ socket }) => this.#fresh.delete(socket))
  }

  /** @throws Failure when it cannot listen there */
  static async listen(
    listener: RequestListener,
    { host, port }: Address,
    limits: HttpLimits = defaultHttpLimits,
  ): Promise<HttpServer> {
    const http = new HttpServer(listener, limits)
    http.#server.listen(port, host)
    try {
      await once(http.#server, 'listening')
    } catch (error) {
      throw cannotListen(error, { host, port })
    }
    return http
  }

  /** The address that was found for the host. */
  get address(): string {
    return this.#found.address
  }

  /** Where it is; with the port that was found when any was asked for. */
  get url(): string {
    const { address, port } = this.#found
    return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`
  }

  get #found(): AddressInfo {
    const found = this.#server.address()
    if (found === null || typeof found === 'string') throw new Error('Expected the server to listen')
    return found
  }

  /** Takes no more connections, and resolves when all that were open are gone. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#fresh) socket.destroy()
    // One whose last answer has just gone out is idle only now.
    const sweeping = setInterval(() => this.#server.closeIdleConnections(), 20)
    const cutting = setTimeout(() => this.#server.closeAllConnections(), graceMs)
    await closed
    clearInterval(sweeping)
    clearTimeout(cutting)
  }
}

function cannotListen(error: unknown, { host, port }: Address): Failure {
  const options = { cause: error }
  const other = port < 65_535 ? port + 1 : port - 1
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new Failure(
        `Port ${port} on ${host} is taken: maybe TunaCorn is running already. Choose another port, such as --port ${other}.`,
        options,
      )
    case 'EACCES':
      return new Failure(
        `Port ${port} on ${host} is not for this user to listen on. Choose one from 1024 up, such as --port 8266.`,
        options,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Failure(
        `Expected --host (HOST) to be an address of this machine, but ${host} is not. 127.0.0.1 is for this machine alone, 0.0.0.0 for the whole network.`,
        options,
      )
    default:
      return new Failure(`Expected to listen on port ${port} on ${host}, but: ${messageOf(error)}.`, options)
  }
}
