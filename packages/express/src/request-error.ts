import type { FieldError } from '@tunacorn/protocol'
import { TunaCornError } from '@tunacorn/core'

/** A request that is not as openapi.yaml describes it, with each field that was wrong. */
export class RequestError extends TunaCornError {
  readonly errors: readonly FieldError[]

  constructor(errors: readonly FieldError[]) {
    const [first] = errors
    super('invalid-request', first === undefined ? undefined : sentence(first))
    this.errors = errors
  }
}

function sentence({ in: place, pointer, message }: FieldError): string {
  const where = place === 'body' ? `body${pointer ?? ''}` : `${place ?? ''} ${pointer ?? ''}`.trim()
  return `Expected a request as the API describes it, but ${where}: ${message}.`
}
