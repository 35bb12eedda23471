import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** What is left undone when the count is reached. */
export type Cut =
  /** The statement does not reach the database. */
  | 'before'
  /** The database has run it, and committed it where it is its own transaction; nobody hears of it. */
  | 'after'

interface Armed {
  statementsLeft: number
  readonly cut: Cut
  readonly counts: (statement: string) => boolean
  readonly onReached: (statement: string) => void
}

/**
 * Stands between a server and PostgreSQL, and counts what is sent: a simple query, or everything up to a Sync. When the
 * count is reached nothing gets through any more in either direction, and whoever waits for it can end the server. So
 * there is no statement between which it cannot be ended, and nothing in the server that knows of it.
 */
export class StatementProxy {
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #pairs = new Set<{ readonly client: Socket; readonly database: Socket }>()
  #armed: Armed | undefined

  private constructor(target: { host: string; port: number }) {
    this.#target = target
    this.#server = createServer((client) => this.#relay(client))
  }

  static async start(databaseUrl: string): Promise<StatementProxy> {
    const { hostname, port } = new URL(databaseUrl)
    const proxy = new StatementProxy({ host: hostname, port: Number(port || 5432) })
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** The same database, through here. */
  urlOf(databaseUrl: string): string {
    const url = new URL(databaseUrl)
    url.hostname = '127.0.0.1'
    url.port = String((this.#server.address() as AddressInfo).port)
    return url.href
  }

  /**
   * Resolves at the `count`th statement from now, of those that count, with its name: as it is prepared, or what it begins
   * with. Connections that are opened afterwards work again.
   */
  untilStatement(
    count: number,
    cut: Cut,
    counts: (statement: string) => boolean = () => true,
  ): Promise<string> {
    return new Promise((onReached) => {
      this.#armed = { statementsLeft: count, cut, counts, onReached }
    })
  }

  disarm(): void {
    this.#armed = undefined
  }

  close(): void {
    this.#cutAll()
    this.#server.close()
  }

  #relay(client: Socket): void {
    const database = connect(this.#target)
    // What is passed on in pieces would wait for each other's acknowledgement.
    client.setNoDelay()
    database.setNoDelay()
    const pair = { client, database }
    this.#pairs.add(pair)
    const messages = new MessageReader()
    client.on('data', (chunk: Buffer) => {
      for (const message of messages.read(chunk)) {
        if (message.ends !== undefined && this.#isReached(client, database, message.bytes, message.ends))
          return
        database.write(message.bytes)
      }
    })
    database.on('data', (chunk) => client.write(chunk))
    for (const [one, other] of [
      [client, database],
      [database, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => {
        other.destroy()
        this.#pairs.delete(pair)
      })
    }
  }

  #isReached(client: Socket, database: Socket, lastBytes: Buffer, statement: string): boolean {
    const armed = this.#armed
    if (armed === undefined || !armed.counts(statement)) return false
    armed.statementsLeft -= 1
    if (armed.statementsLeft > 0) return false
    this.#armed = undefined
    client.pause()
    if (armed.cut === 'before') {
      this.#cutAll()
      armed.onReached(statement)
    } else {
      database.removeAllListeners('data')
      database.once('data', () => {
        this.#cutAll()
        armed.onReached(statement)
      })
      database.write(lastBytes)
    }
    return true
  }

  #cutAll(): void {
    for (const { client, database } of this.#pairs) {
      client.destroy()
      database.destroy()
    }
  }
}

interface Message {
  readonly bytes: Buffer
  /** The statement that is complete with this message. */
  readonly ends: string | undefined
}

/** Cuts what a client sends into messages of the protocol. */
class MessageReader {
  #kept: Buffer = Buffer.alloc(0)
  #hasStarted = false
  #statement = ''

  read(chunk: Buffer): Message[] {
    this.#kept = Buffer.concat([this.#kept, chunk])
    const messages: Message[] = []
    for (;;) {
      // The first message has no type.
      const typeBytes = this.#hasStarted ? 1 : 0
      if (this.#kept.length < typeBytes + 4) return messages
      const length = typeBytes + this.#kept.readInt32BE(typeBytes)
      if (this.#kept.length < length) return messages
      const bytes = this.#kept.subarray(0, length)
      this.#kept = this.#kept.subarray(length)
      const type = this.#hasStarted ? String.fromCharCode(bytes[0] ?? 0) : ''
      this.#hasStarted = true
      this.#note(type, bytes.subarray(5))
      messages.push({ bytes, ends: type === 'Q' || type === 'S' ? this.#statement : undefined })
    }
  }

  /** What is sent by its text says that first; what is bound, after the portal, of which name it is. */
  #note(type: string, body: Buffer): void {
    const [first = '', second = ''] = body.toString('latin1').split('\0', 2)
    if (type === 'Q') this.#statement = first.split(/\W/, 1)[0] ?? ''
    if (type === 'P' && first === '') this.#statement = second.trim().split(/\W/, 1)[0] ?? ''
    if (type === 'B' && second !== '') this.#statement = second.replace(/^tunacorn_|_[0-9a-f]{12}$/g, '')
  }
}
