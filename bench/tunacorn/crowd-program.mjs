// Many workers that wait for work that never comes, each on a connection of its own.
import { setTimeout as sleep } from 'node:timers/promises'
import { Requests } from '../lib/requests.mjs'
import { obey } from './orders.mjs'

/** What they can do, between them. */
const trades = 10

const requests = new Requests(process.argv[2])
let problem

obey({
  async gather({ workers }) {
    for (let number = 0; number < workers; number++) void wait(number)
    // Until all have asked at least once.
    await sleep(3_000)
    if (problem !== undefined) throw problem
    return {}
  },
})

async function wait(number) {
  try {
    for (;;) {
      const request = { worker: `idle-${number}`, names: [`idle-${number % trades}`], max: 1, wait: '30s' }
      await requests.post('/tasks/claim', request)
    }
  } catch (error) {
    problem = error
  }
}
