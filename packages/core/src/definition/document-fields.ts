import type { Definition } from './definition.js'
import type { Check, Field, Found } from './read-mapping.js'
import { readList, readMapping } from './read-mapping.js'
import { readDescription, readName } from './read-text.js'
import { TASK_FIELDS, type UnresolvedNeeds } from './task-fields.js'
import { described } from './wording.js'

/** A task whose needs are not resolved yet. What could not be read is `undefined`. */
export interface UnresolvedTask {
  readonly name: string | undefined
  readonly needs: UnresolvedNeeds | undefined
}

/** The keys of the document. A new key of the language is added here, and to `Definition`. */
export const DOCUMENT_FIELDS = {
  name: { read: readDefinitionName, alsoCalled: ['id', 'title'] },
  description: { read: readDescription },
  tasks: { read: readTasks, alsoCalled: ['jobs', 'nodes', 'steps'] },
} satisfies { [K in keyof Definition]-?: Field<unknown> }

function readDefinitionName(found: Found, check: Check): string | undefined {
  const { value, owner, pointer } = found
  if (value !== undefined) {
    // URLs fold these two away, even when escaped: the definition could never be asked for.
    if (value !== '.' && value !== '..') return readName(found, 'the name of the definition', check)
    const message = () => `Expected a name that can stand in a URL, but found ${described(value)}.`
    check.problems.add({ code: 'bad-name', pointer, message })
    return undefined
  }
  if (check.requireName) {
    const message =
      'Expected the definition to have a name, but found none. Add one at the top: "name: my-process".'
    check.problems.add({ code: 'missing-name', pointer: owner, message })
  }
  return undefined
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
  return { name: task?.name, needs: task?.needs }
}

function reportTooManyTasks(length: number, pointer: string, check: Check): undefined {
  const message = () => `Expected at most ${check.limits.maxTasks} tasks, but found ${length}.`
  check.problems.addUnusable({ code: 'too-many-tasks', pointer, message })
}
