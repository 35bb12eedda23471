/** A key of the API as it is stored. The secret is not: only its hash. */
export interface ApiKey {
  readonly id: string
  /** For people; no two that are not revoked have the same. */
  readonly name: string
  readonly scopes: readonly string[]
  /** SHA-256, 32 bytes. */
  readonly secretHash: Buffer
  readonly state: 'live' | 'expired' | 'revoked'
  readonly createdAt: Date
  /** Never when absent. */
  readonly expiresAt: Date | undefined
  readonly revokedAt: Date | undefined
  /** To the minute or so. */
  readonly lastUsedAt: Date | undefined
}

export interface NewApiKey extends Pick<ApiKey, 'id' | 'name' | 'scopes' | 'secretHash'> {
  /** For so long it can be used; without end when absent. */
  readonly lifeMs: number | undefined
}
