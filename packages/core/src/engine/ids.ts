import { hash } from 'node:crypto'
import type { Claim } from '../process/events.js'
import type { TaskRef } from '../lists/board.js'

// The opaque strings that clients see, and what they stand for.

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const processIdPattern = new RegExp(`^${uuid}$`)
const taskIdPattern = new RegExp(`^(${uuid})\\.(0|[1-9]\\d{0,8})$`)
const claimPattern = /^([1-9]\d{0,9})\.([\w-]{22})$/

/** More than anything is ever handed out; stores count in 32 bits. */
const maxAttempt = 2_147_483_647

export function isProcessId(text: string): boolean {
  return processIdPattern.test(text)
}

/** A task's id: its process and its place in the definition. */
export function formatTaskId({ processId, task }: TaskRef): string {
  return `${processId}.${task}`
}

export function parseTaskId(text: string): TaskRef | undefined {
  const [, processId, task] = taskIdPattern.exec(text) ?? []
  return processId === undefined || task === undefined ? undefined : { processId, task: Number(task) }
}

/** `<attempt>.<secret>`: the secret is 128 random bits in base64url, as the worker was given it. */
export function formatClaim(attempt: number, secret: string): string {
  return `${attempt}.${secret}`
}

/** Tasks that are handed out together have one secret, and mostly come back together. */
let last = { secret: '', hash: '' }

/** A claim as the store knows it. */
export function parseClaim(text: string): Claim | undefined {
  const [, attempt, secret] = claimPattern.exec(text) ?? []
  if (attempt === undefined || secret === undefined || Number(attempt) > maxAttempt) return undefined
  if (last.secret !== secret) last = { secret, hash: hashOf(secret) }
  return { attempt: Number(attempt), secret: last.hash }
}

/**
 * What the store knows of a secret. A dump of it holds nothing that a task could be reported with; and how long two
 * hashes take to be compared tells nothing of a secret, however they are compared.
 */
export function hashOf(secret: string): string {
  return hash('sha256', secret, 'base64url').slice(0, 22)
}
