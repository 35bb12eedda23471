import { pino, type DestinationStream, type Logger } from 'pino'
import type { LogLevel } from './config.js'
import { printable } from './wording.js'

/** Lines of JSON for programs; for who sits before a terminal, lines to be read. */
export function createLogger(level: LogLevel, stream: NodeJS.WriteStream & { readonly fd: number }): Logger {
  const destination = stream.isTTY ? readableLines(stream) : pino.destination({ fd: stream.fd, sync: true })
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
}

function readableLines(stream: NodeJS.WriteStream): DestinationStream {
  return {
    write(line) {
      stream.write(readable(line))
    },
  }
}

interface Line {
  readonly level: number
  readonly time: string
  readonly msg?: string
  readonly [field: string]: unknown
}

/** `12:34:56 info  Listening url=http://127.0.0.1:8266` */
function readable(line: string): string {
  const { level, time, msg = '', ...fields }: Line = JSON.parse(line)
  const label = pino.levels.labels[level] ?? ''
  const details = Object.entries(fields).map(([name, value]) => ` ${name}=${readableValue(value)}`)
  return `${time.slice(11, 19)} ${label.padEnd(5)} ${printable(msg)}${details.join('')}\n`
}

function readableValue(value: unknown): string {
  if (typeof value === 'string' && !/[\s"]/.test(value)) return printable(value)
  // An error: its stack begins with its type and message.
  const isError = typeof value === 'object' && value !== null && 'stack' in value
  return isError
    ? String(value.stack).split('\n').map(printable).join('\n')
    : printable(JSON.stringify(value))
}
