import type { Definition, TaskSettings } from './definition.js'
import { FAILURE_PROCESS_FIELD } from './failure-process-field.js'
import { INPUT_FIELD } from './input/input-field.js'
import type { Check, Field, Found } from './read-mapping.js'
import { readList, readMapping } from './read-mapping.js'
import { readDefinitionName, readDescription } from './read-text.js'
import { durationField } from './read-scalars.js'
import { SETTING_FIELDS, settingsOf, type Written } from './setting-fields.js'
import { TASK_FIELDS, type UnresolvedNeeds } from './task-fields.js'
import { described } from './wording.js'

/** A task whose needs are not resolved yet. What could not be read is `undefined`. */
export interface UnresolvedTask {
  readonly name: string | undefined
  readonly needs: UnresolvedNeeds | undefined
  readonly settings: TaskSettings
}

/** The keys of the document. A new key of the language is added here, and to `Definition`. */
export const DOCUMENT_FIELDS = {
  name: { read: readOwnName, alsoCalled: ['id', 'title'] },
  description: { read: readDescription, alsoCalled: ['comment', 'summary'] },
  input: INPUT_FIELD,
  timeout: durationField({
    zero: 'refused',
    alsoCalled: [
      'deadline',
      'executionTimeout',
      'maxDuration',
      'timeLimit',
      'timeoutSeconds',
      'workflowTimeout',
    ],
  }),
  failureProcess: FAILURE_PROCESS_FIELD,
  defaults: { read: readDefaults, alsoCalled: ['default', 'heartbeat', 'retries', 'retry', 'taskDefaults'] },
  tasks: { read: readTasks, alsoCalled: ['activities', 'jobs', 'nodes', 'states', 'steps'] },
} satisfies { [K in keyof Definition as Written<K>]-?: Field<unknown> }

function readOwnName(found: Found, check: Check): string | undefined {
  if (found.value !== undefined) return readDefinitionName(found, 'the name of the definition', check)
  if (check.requireName) {
    const message =
      'Expected the definition to have a name, but found none. Add one at the top: "name: my-process".'
    check.problems.add({ code: 'missing-name', pointer: found.owner, message })
  }
  return undefined
}

function readDefaults({ value, pointer }: Found, check: Check): TaskSettings | undefined {
  if (value === undefined) return undefined
  const written = readMapping(value, pointer, { what: 'the defaults', fields: SETTING_FIELDS }, check)
  return written === undefined ? undefined : Object.freeze(settingsOf(written))
}

function readTasks({ value, owner, pointer }: Found, check: Check): UnresolvedTask[] | undefined {
  const { problems, limits } = check
  if (value === undefined) {
    const message = 'Expected the definition to have tasks, but found none. Add a list: "tasks:".'
    problems.add({ code: 'missing-tasks', pointer: owner, message })
    return undefined
  }
  const tooLong = (length: number) => reportTooManyTasks(length, pointer, check)
  const items = readList(value, pointer, { max: limits.maxTasks, tooLong }, check)
  if (items === undefined) {
    const message = () =>
      `Expected tasks to be a list of tasks, each written as "- name: …", but found ${described(value)}.`
    problems.add({ code: 'wrong-type', pointer, message })
    return undefined
  }
  if (items.length === 0) {
    const message = 'Expected at least one task, but the list is empty. Add one: "- name: …".'
    problems.add({ code: 'no-tasks', pointer, message })
  }
  return items.map((item, index) => readTask(item, `${pointer}/${index}`, check))
}

function readTask(item: unknown, pointer: string, check: Check): UnresolvedTask {
  const task = readMapping(item, pointer, { what: 'a task', fields: TASK_FIELDS }, check)
  return { name: task?.name, needs: task?.needs, settings: settingsOf(task ?? {}) }
}

function reportTooManyTasks(length: number, pointer: string, check: Check): undefined {
  const message = () => `Expected at most ${check.limits.maxTasks} tasks, but found ${length}.`
  check.problems.addUnusable({ code: 'too-many-tasks', pointer, message })
}
