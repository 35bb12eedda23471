import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { DefinitionProblem } from '@tunacorn/protocol'
import { errorCode, exitCodes, Failure, messageOf } from './failures.js'

/** A definition's text, and what it is taken for. */
export interface DefinitionSource {
  readonly text: string
  readonly format: 'yaml' | 'json'
}

/** The name of a file that means standard input. */
const standardInput = '-'

/** @throws Failure when it cannot be read, or is no text */
export async function readDefinitionFile(file: string): Promise<DefinitionSource> {
  const bytes = await readBytes(file)
  try {
    // A byte order mark is left in: where it stands is the parser's to know.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { text, format: extname(file).toLowerCase() === '.json' ? 'json' : 'yaml' }
  } catch (error) {
    throw new Failure(`${file}: Expected text in UTF-8, but found bytes that are not.`, { cause: error })
  }
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return file === standardInput ? await buffer(process.stdin) : await readFile(file)
  } catch (error) {
    const exitCode = errorCode(error) === 'ENOENT' ? exitCodes.notFound : exitCodes.failure
    throw new Failure(`${file}: ${whyUnreadable(error)}`, { cause: error, exitCode })
  }
}

function whyUnreadable(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'There is no such file.'
    case 'EISDIR':
      return 'Expected a file, but it is a folder. Name the files in it.'
    case 'EACCES':
      return 'This user may not read it.'
    default:
      return `It cannot be read: ${messageOf(error)}.`
  }
}

/** The definition files of the folder itself, in the order of their names. */
export async function definitionFilesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => /\.(ya?ml|json)$/i.test(name))
    .toSorted()
    .map((name) => join(folder, name))
}

/**
 * The file itself, or those of the folder.
 *
 * @throws Failure for a folder without any
 */
export async function definitionFilesOf(path: string): Promise<string[]> {
  const found = path === standardInput ? undefined : await stat(path).catch(() => undefined)
  if (found?.isDirectory() !== true) return [path]
  const files = await definitionFilesIn(path)
  if (files.length > 0) return files
  throw new Failure(
    `${path}: Expected definition files (*.yaml, *.yml, *.json) in this folder, but there are none.`,
  )
}

/** A line for each problem, as compilers write it, so that editors and CI find the place. */
export function problemLines(
  file: string,
  { problems }: { readonly problems: readonly Pick<DefinitionProblem, 'line' | 'column' | 'message'>[] },
): string[] {
  return problems.map(({ line = 1, column = 1, message }) => `${file}:${line}:${column}: ${message}`)
}
