import { Option, type Command } from 'commander'
import type { TunaCornClient } from '@tunacorn/client'
import { readServerChoice, type Flags } from '../config.js'
import { withSettings } from './settings-options.js'

/** What every command takes that speaks to a server. */
export interface ConnectionFlags extends Pick<Flags, 'url' | 'key'> {
  readonly json?: true
}

export function withConnection(command: Command): Command {
  return withSettings(command, ['url', 'key']).addOption(jsonOption())
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON, one value a line')
}

/** @throws UsageError for a URL or a key that will not do */
export async function connect(flags: ConnectionFlags): Promise<TunaCornClient> {
  const { url, key } = readServerChoice(flags)
  const { TunaCornClient } = await import('@tunacorn/client')
  return new TunaCornClient({
    url,
    ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } }),
  })
}
