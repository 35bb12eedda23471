import { readFileSync } from 'node:fs'
import { checkDefinition } from '../definition/check-definition.js'
import { parseDefinition } from '../definition/parse-definition.js'
import { DefinitionError } from '../definition/problem.js'
import type { Definition } from '../definition/definition.js'

/**
 * A definition from whatever there is of it: parsed already, as YAML or JSON text, or the path of a file, which is
 * a text of one line that ends in `.yaml`, `.yml` or `.json`.
 *
 * @throws DefinitionError with every problem; the file system's own error when a file cannot be read.
 */
export function readSource(source: unknown): Definition {
  if (typeof source !== 'string') {
    const checked = checkDefinition(source)
    if ('problems' in checked) throw new DefinitionError(checked.problems)
    return checked.definition
  }
  return parseDefinition(isPath(source) ? readFileSync(source, 'utf8') : source)
}

function isPath(source: string): boolean {
  return !source.includes('\n') && /\.(yaml|yml|json)$/.test(source)
}
