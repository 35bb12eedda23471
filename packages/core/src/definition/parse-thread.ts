import { parentPort } from 'node:worker_threads'
import { packDefinition, type PackedDefinition } from './packed-definition.js'
import { parseDefinition, type ParseOptions } from './parse-definition.js'
import { DefinitionError, type Problem } from './problem.js'

export interface ParseRequest {
  readonly source: string
  readonly options: ParseOptions
}

export type ParseReply = { readonly packed: PackedDefinition } | { readonly problems: readonly Problem[] }

// Anything else that is thrown ends the thread, and so reaches the caller as its crash.
parentPort?.on('message', ({ source, options }: ParseRequest) => {
  try {
    const packed = packDefinition(parseDefinition(source, options))
    reply({ packed }, [packed.offsets.buffer, packed.targets.buffer])
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error
    reply({ problems: error.problems })
  }
})

function reply(message: ParseReply, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}
