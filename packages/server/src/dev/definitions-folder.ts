import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DefinitionError } from '@tunacorn/core'
import { problemLines, readDefinitionFile } from '../definition-file.js'
import { Failure } from '../failures.js'
import type { RunningServer } from '../serve.js'

export interface RegisteredDefinition {
  readonly name: string
  readonly version: number
  readonly taskCount: number
}

export interface RegisteredFolder {
  readonly folder: string
  readonly definitions: readonly RegisteredDefinition[]
  /** What is wrong with those that were not registered, a line for each problem. */
  readonly complaints: readonly string[]
}

/** Registers every definition file of the folder itself, in the order of their names. One that is broken does not stop the others. */
export async function registerFolder(
  engine: RunningServer['engine'],
  folder: string,
): Promise<RegisteredFolder> {
  const definitions: RegisteredDefinition[] = []
  const complaints: string[] = []
  for (const file of await definitionFiles(folder)) {
    try {
      // oxlint-disable no-await-in-loop -- one after the other, so that the last of two of the same name is the default
      const { text, format } = await readDefinitionFile(file)
      const { stored } = await engine.registerDefinition(text, format)
      definitions.push(stored)
    } catch (error) {
      if (error instanceof DefinitionError) complaints.push(...problemLines(file, error))
      else if (error instanceof Failure) complaints.push(error.message)
      else throw error
    }
  }
  return { folder, definitions, complaints }
}

async function definitionFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => /\.(ya?ml|json)$/i.test(name))
    .toSorted()
    .map((name) => join(folder, name))
}
