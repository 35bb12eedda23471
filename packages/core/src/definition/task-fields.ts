import type { TaskDefinition } from './definition.js'
import type { Check, Field, Found } from './read-mapping.js'
import { readList } from './read-mapping.js'
import { notText, readName } from './read-text.js'
import { SETTING_FIELDS, type Written } from './setting-fields.js'
import { asYaml, described } from './wording.js'

/** What a task's needs are before anyone knows whether they exist; `undefined` where the text had no name. */
export type UnresolvedNeeds = readonly (string | undefined)[]

/** The keys of a task. A new key of the language is added here, and to `TaskDefinition`. */
export const TASK_FIELDS = {
  name: { read: readTaskName, alsoCalled: ['id', 'task', 'title'] },
  needs: {
    read: readNeeds,
    alsoCalled: ['after', 'dependencies', 'depends', 'dependsOn', 'requires'],
  },
  ...SETTING_FIELDS,
} satisfies { [K in keyof TaskDefinition as Written<K>]-?: Field<unknown> }

function readTaskName(found: Found, check: Check): string | undefined {
  if (found.value !== undefined) return readName(found, 'the name of a task', check)
  check.problems.add({
    code: 'missing-name',
    pointer: found.owner,
    message: 'Expected every task to have a name, but found none here. Add one: "name: …".',
  })
  return undefined
}

function readNeeds({ value, pointer }: Found, check: Check): UnresolvedNeeds | undefined {
  if (value === undefined) return []
  const max = check.limits.maxNeeds - check.needsRead
  const tooLong = () => reportTooManyNeeds(pointer, check)
  const items = readList(value, pointer, { max, tooLong }, check)
  if (items === undefined) {
    check.problems.add({ code: 'wrong-type', pointer, message: () => notNeeds(value) })
    return undefined
  }
  check.needsRead += items.length
  return items.map((item, index) => {
    if (typeof item === 'string') return item
    check.problems.add({
      code: 'wrong-type',
      pointer: `${pointer}/${index}`,
      message: () => notText(item, 'a need (the name of a task)'),
    })
    return undefined
  })
}

function reportTooManyNeeds(pointer: string, check: Check): undefined {
  const message = () =>
    `Expected at most ${check.limits.maxNeeds} needs in all tasks together, but here are more.`
  check.problems.addUnusable({ code: 'too-many-needs', pointer, message })
}

function notNeeds(value: unknown): string {
  const found = `Expected needs to be a list of task names, but found ${described(value)}.`
  if (typeof value === 'string') return `${found} Write it as a list: needs: [${asYaml(value)}].`
  if (value === null) return `${found} Write needs: [], or leave the key out, if the task needs none.`
  return `${found} Write it as a list: needs: [First Task, Second Task].`
}
