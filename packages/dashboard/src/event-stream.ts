export interface StreamedEvent {
  readonly id: string
  readonly event: string
  readonly data: string
}

/** Reads server-sent events out of text that comes in pieces. `EventSource` itself could not send a key. */
export class EventStreamReader {
  #rest = ''

  /** @returns the events that are whole by now */
  read(piece: string): StreamedEvent[] {
    const blocks = (this.#rest + piece).split(/\r\n\r\n|\n\n|\r\r/)
    this.#rest = blocks.pop() ?? ''
    return blocks.map(parseBlock).filter((event) => event.data !== '')
  }
}

function parseBlock(block: string): StreamedEvent {
  const fields = { id: '', event: 'message', data: '' }
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name = '', value = ''] = /^(id|event|data): ?(.*)$/s.exec(line) ?? []
    if (name === 'data') fields.data += fields.data === '' ? value : `\n${value}`
    else if (name === 'id' || name === 'event') fields[name] = value
  }
  return fields
}
