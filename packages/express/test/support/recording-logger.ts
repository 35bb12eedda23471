import type { Logger } from '@tunacorn/core'

export interface RecordingLogger extends Logger {
  readonly lines: { readonly level: string; readonly fields: unknown; readonly message: string }[]
  /** Messages of warnings and errors. */
  readonly complaints: () => string[]
}

export function recordingLogger(): RecordingLogger {
  const lines: RecordingLogger['lines'][number][] = []
  const at =
    (level: string) =>
    (fields: unknown, message = ''): void => {
      lines.push(
        typeof fields === 'string' ? { level, fields: {}, message: fields } : { level, fields, message },
      )
    }
  const complaints = () =>
    lines.filter(({ level }) => level !== 'info' && level !== 'debug').map(({ message }) => message)
  return {
    lines,
    complaints,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  } as RecordingLogger
}
