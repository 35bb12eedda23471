import type { Logger } from '@tunacorn/client'

export interface Line {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: object
}

export function recordingLogger(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = []
  const record = (level: keyof Logger) => (fields: object, message: string) =>
    void lines.push({ level, message, fields })
  return { lines, debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') }
}
