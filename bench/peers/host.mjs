// A process of its own for one run of one peer: told by a message what to do, it says by one what came of it.
import { peers } from '../lib/peers.mjs'
import { hasCorpus, readCorpus } from '../lib/corpus.mjs'
import { CannotExpress } from '../lib/expect.mjs'

// Who started it has gone.
process.on('disconnect', () => process.exit(1))
process.once('message', (order) => {
  void carryOut(order).then((answer) => process.send(answer, () => process.exit(0)))
})

async function carryOut({ peerId, kind, size, warmUp, services, corpus }) {
  try {
    const peer = peers.find(({ id }) => id === peerId)
    const session = await peer.open(services)
    if (warmUp !== undefined) await session[kind](warmUp)
    const outcome = await session[kind](kind === 'corpus' ? await withGraphs(corpus, size) : size)
    await session.close()
    return { outcome }
  } catch (error) {
    if (error instanceof CannotExpress) return { cannot: error.message }
    console.error(error)
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

async function withGraphs(folder, { largest }) {
  if (!hasCorpus(folder))
    throw new Error('Expected a folder of definitions, but there is none: say where with --corpus.')
  return { graphs: await readCorpus(folder, largest) }
}
