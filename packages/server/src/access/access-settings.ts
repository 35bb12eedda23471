import type { FixedKey } from './fixed-keys.js'

/** Who may ask. */
export interface AccessSettings {
  /** Keys besides those in the database. */
  readonly keys: readonly FixedKey[]
  /** May it listen beyond this machine although there are no keys? Those that there are, are asked for all the same. */
  readonly insecure: boolean
  /** Names that it is reached by, besides `localhost` and addresses, in lower case. */
  readonly allowedHosts: readonly string[]
}
