import type { ClaimedTask, Payload } from '@tunacorn/core'
import { formatDuration } from '@tunacorn/protocol'
import { moment } from './moment.js'

/**
 * A task that was handed out, as JSON. By hand, for it comes in hundreds: payloads go in as the text that they are, which
 * `JSON.stringify` would have parsed first. Its lease is said as a length besides: a worker's clock may not agree with the
 * store's.
 */
export function printClaimed(task: ClaimedTask): string {
  const { id, name, attempt, claim, needs, attributes, traceparent, leaseExpiresAt, leaseMs, process } = task
  return (
    `{"id":"${id}","name":${text(name)},"attempt":${attempt},"claim":"${claim}"` +
    (needs === undefined ? '' : `,"needs":${mapping(needs)}`) +
    field('attributes', attributes) +
    (traceparent === undefined ? '' : `,"traceparent":${text(traceparent)}`) +
    `,"leaseExpiresAt":"${moment(leaseExpiresAt)}","process":{"id":"${process.id}"` +
    `,"definition":${text(process.definition)},"definitionVersion":${process.definitionVersion}` +
    field('input', process.input) +
    `,"startedAt":"${moment(process.startedAt)}"},"lease":"${formatDuration(leaseMs)}"}`
  )
}

/** What is said of a claim: the tasks, and, where there were any, the results that came with it. */
export function printClaim(tasks: readonly ClaimedTask[], results: readonly object[] | undefined): string {
  const printed = tasks.map(printClaimed).join(',')
  return `{"tasks":[${printed}]${results === undefined ? '' : `,"results":${JSON.stringify(results)}`}}`
}

function mapping(payloads: Readonly<Record<string, Payload>>): string {
  const fields = Object.entries(payloads).map(([name, payload]) => `${text(name)}:${payload.text}`)
  return `{${fields.join(',')}}`
}

function field(name: string, payload: Payload | undefined): string {
  return payload === undefined ? '' : `,"${name}":${payload.text}`
}

const text = (value: string): string => JSON.stringify(value)
