import type { WriteStream } from 'node:tty'

/** Colours for people before a terminal that shows them; none elsewhere, or when NO_COLOR asks for none. */
export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly green: (text: string) => string
  readonly red: (text: string) => string
}

export function paintFor(
  stream: Pick<WriteStream, 'isTTY'> & Partial<Pick<WriteStream, 'hasColors'>>,
): Paint {
  // `hasColors` heeds NO_COLOR and TERM, and is only there for terminals.
  const isColoured = stream.isTTY && stream.hasColors?.() === true
  const paint = (begin: number, end: number) => (text: string) =>
    isColoured ? `\u001b[${begin}m${text}\u001b[${end}m` : text
  return { bold: paint(1, 22), dim: paint(2, 22), green: paint(32, 39), red: paint(31, 39) }
}
