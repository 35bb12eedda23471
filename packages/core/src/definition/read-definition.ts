import type { Definition } from './definition.js'
import { unpackDefinition } from './packed-definition.js'
import { parseDefinition, type ParseOptions, refuseUnlessTextOfSize } from './parse-definition.js'
import { ParseQueue } from './parse-queue.js'
import { DefinitionError } from './problem.js'

/** Shorter texts are parsed at once: some ten milliseconds at most, a few times the price of waking a thread. */
const MAX_PARSED_HERE = 32 * 1024

/** A schema of some kilobytes takes a second to be checked. An escape may spell it too. */
const MAY_HAVE_SCHEMA = /input|\\/

/** One for the program, so that many large definitions at once cannot take all processors and memory. */
const queue = new ParseQueue()

/**
 * What `parseDefinition` does, without holding up this thread: large texts, and those with an input, are parsed
 * in a worker thread, one after another. Rejects with `DefinitionError` for a text that is wrong or too large, and with
 * `DefinitionReadError` when the thread broke down or too many texts are waiting.
 */
export async function readDefinition(source: string, options: ParseOptions = {}): Promise<Definition> {
  refuseUnlessTextOfSize(source, options)
  if (source.length <= MAX_PARSED_HERE && !MAY_HAVE_SCHEMA.test(source))
    return parseDefinition(source, options)
  const reply = await queue.parse({ source, options })
  if ('problems' in reply) throw new DefinitionError(reply.problems)
  return unpackDefinition(reply.packed)
}
