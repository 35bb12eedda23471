import type { Answered, Deed } from './record.js'

export declare class Recorder {
  constructor(path: string)
  asked(deed: Deed): number
  answered(n: number, answer: Omit<Answered, 'n' | 'at'>): void
}

export declare function post(
  url: string,
  path: string,
  body: unknown,
  headers?: Readonly<Record<string, string>>,
): Promise<{ status: number; body: Record<string, unknown> }>
export declare function nowMs(): number
export declare function oneOf<T>(list: readonly T[]): T
export declare function otherOf<T>(list: readonly T[], one: T): T
export declare function pause(ms: number): Promise<void>
