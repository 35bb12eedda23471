import type { FailureCause, FailureProcess } from './definition.js'
import { type Check, type Field, type Found, isMapping, readList, readMapping } from './read-mapping.js'
import { readDefinitionName } from './read-text.js'
import { described, isList } from './wording.js'

const WHAT = 'the name of the failure process'
const CAUSES: readonly FailureCause[] = ['failed', 'cancelled']

/** When nothing is said: whoever cancels a process may not want anything else to happen. */
const USUAL_CAUSES: readonly FailureCause[] = Object.freeze(['failed'])

/** The process that cleans up: a name, or a mapping that says when besides. */
export const FAILURE_PROCESS_FIELD: Field<FailureProcess> = {
  read: readFailureProcess,
  alsoCalled: [
    'catch',
    'cleanup',
    'compensate',
    'compensation',
    'errorHandler',
    'failureWorkflow',
    'onError',
    'onFail',
    'onFailure',
    'rollback',
  ],
}

/** The keys of the mapping. A new key of the language is added here, and to `FailureProcess`. */
export const FAILURE_PROCESS_FIELDS = {
  name: { read: readRequiredName, alsoCalled: ['definition', 'id', 'process', 'workflow'] },
  on: { read: readCauses, alsoCalled: ['causes', 'events', 'states', 'when'] },
} satisfies { [K in keyof FailureProcess]: Field<FailureProcess[K]> }

function readFailureProcess(found: Found, check: Check): FailureProcess | undefined {
  const { value, pointer } = found
  if (value === undefined) return undefined
  if (!isMapping(value)) {
    const name = readDefinitionName(found, WHAT, check)
    return name === undefined ? undefined : Object.freeze({ name, on: USUAL_CAUSES })
  }
  const written = readMapping(
    value,
    pointer,
    { what: 'failureProcess', fields: FAILURE_PROCESS_FIELDS },
    check,
  )
  if (written?.name === undefined) return undefined
  return Object.freeze({ name: written.name, on: written.on ?? USUAL_CAUSES })
}

function readRequiredName(found: Found, check: Check): string | undefined {
  if (found.value !== undefined) return readDefinitionName(found, WHAT, check)
  const message =
    'Expected failureProcess to have a name, but found none. Add the name of another definition.'
  check.problems.add({ code: 'missing-name', pointer: found.owner, message })
  return undefined
}

function readCauses({ value, pointer }: Found, check: Check): readonly FailureCause[] | undefined {
  if (value === undefined) return undefined
  const refuse = (at: string, words: () => string) => {
    check.problems.add({ code: 'bad-failure-process', pointer: at, message: words })
    return undefined
  }
  const tooLong = () => refuse(pointer, () => `Expected at most ${CAUSES.length} causes, but found more.`)
  const items = readList(value, pointer, { max: CAUSES.length, tooLong }, check)
  if (items === undefined) return isList(value) ? undefined : refuse(pointer, () => notCauses(value))
  if (items.length === 0) {
    return refuse(pointer, () => 'Expected at least one cause, but the list is empty. Write on: [failed].')
  }
  const causes: FailureCause[] = []
  for (const [index, item] of items.entries()) {
    const cause = CAUSES.find((each) => each === item)
    const at = `${pointer}/${index}`
    if (cause === undefined) refuse(at, () => `Expected failed or cancelled, but found ${described(item)}.`)
    else if (causes.includes(cause))
      refuse(at, () => `Expected each cause once, but ${cause} stands here again.`)
    else causes.push(cause)
  }
  return Object.freeze(causes)
}

function notCauses(value: unknown): string {
  const found = `Expected on to be a list of causes, but found ${described(value)}.`
  const cause = CAUSES.find((each) => each === value) ?? 'failed'
  return `${found} Write it as a list: on: [${cause}].`
}
