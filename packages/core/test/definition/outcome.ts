import { checkDefinition, type CheckOptions } from '../../src/definition/check-definition.js'
import type { Definition } from '../../src/definition/definition.js'
import { parseDefinition, type ParseOptions } from '../../src/definition/parse-definition.js'
import { DefinitionError, type Problem } from '../../src/definition/problem.js'

/** The problems of a plain value; none for a sound one. */
export function problemsOf(value: unknown, options?: CheckOptions): readonly Problem[] {
  const result = checkDefinition(value, options)
  return 'problems' in result ? result.problems : []
}

/** The definition that a sound plain value gives. */
export function definitionOf(value: unknown, options?: CheckOptions): Definition {
  const result = checkDefinition(value, options)
  if ('problems' in result) throw new DefinitionError(result.problems)
  return result.definition
}

/** The problems of a text; none for a sound one. Whatever else is thrown is thrown on. */
export function problemsIn(source: string, options?: ParseOptions): readonly Problem[] {
  try {
    parseDefinition(source, options)
    return []
  } catch (error) {
    if (error instanceof DefinitionError) return error.problems
    throw error
  }
}

/** `line:column code pointer` of each problem. */
export function placesIn(source: string, options?: ParseOptions): string[] {
  return problemsIn(source, options).map(({ line, column, code, pointer }) =>
    `${line}:${column} ${code} ${pointer}`.trimEnd(),
  )
}
