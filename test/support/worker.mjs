// A worker in a process of its own, started by worker-processes.ts. It claims whatever there is and keeps a record of
// every task it was handed and every report it sent, with times of the monotonic clock that all processes share.
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** @type {{ url: string, worker: string, batch: number, lease: string, holdMs: number, releases: number }} */
const options = JSON.parse(process.argv[2] ?? '{}')
const agent = new http.Agent({ keepAlive: true })

const asked = { collect: false, stop: false }
let record = emptyRecord()

process.on('message', (message) => {
  asked[message] = true
})
// Who started it is gone.
const giveUp = () => process.exit(1)
process.on('disconnect', giveUp)

let held = []
while (!asked.stop || held.length > 0) {
  if (held.length === 0 && asked.collect) {
    asked.collect = false
    process.send({ record })
    record = emptyRecord()
  }
  held = await reportAndClaim(held)
}
process.off('disconnect', giveUp)
// Once it is sent.
process.send({ record }, () => process.disconnect())

function emptyRecord() {
  return { claims: [], reports: [], releases: [] }
}

/** One call reports what is held and claims what is next. */
async function reportAndClaim(done) {
  const kept = await releaseSome(done)
  const results = kept.map(({ id, claim }) => ({ task: id, claim, output: id }))
  const sentAt = now()
  const { body, tries } = await postUntilAnswered('/tasks/claim', {
    worker: options.worker,
    max: asked.stop ? 0 : options.batch,
    wait: '200ms',
    lease: options.lease,
    ...(results.length === 0 ? {} : { results }),
  })
  const answeredAt = now()
  for (const [place, { task, claim }] of results.entries()) {
    const { status, code } = body.results[place]
    record.reports.push({ task, claim, status, code, sentAt, answeredAt, tries })
  }
  for (const {
    id,
    name,
    claim,
    attempt,
    needs,
    process: { id: run },
  } of body.tasks) {
    record.claims.push({ task: id, name, claim, attempt, needs, process: run, claimedAt: answeredAt })
  }
  if (body.tasks.length > 0 && options.holdMs > 0) await sleep(Math.random() * options.holdMs)
  return body.tasks
}

/** Gives some tasks back instead of finishing them, where that is asked for. */
async function releaseSome(tasks) {
  if (options.releases === 0) return tasks
  const kept = []
  for (const task of tasks) {
    if (Math.random() >= options.releases) {
      kept.push(task)
      continue
    }
    const releasedAt = now()
    const { status } = await postUntilAnswered(`/tasks/${task.id}/release`, { claim: task.claim })
    record.releases.push({ task: task.id, claim: task.claim, releasedAt, status })
  }
  return kept
}

/** Sends the same again while nobody answers: the server may be restarting. */
async function postUntilAnswered(path, body) {
  const text = JSON.stringify(body)
  for (let tries = 1; ; tries++) {
    const answer = await post(path, text).catch(() => undefined)
    if (answer !== undefined && answer.status < 500) {
      const parsed = answer.text === '' ? undefined : JSON.parse(answer.text)
      if (answer.status < 300) return { status: answer.status, body: parsed, tries }
      if (path !== '/tasks/claim') return { status: answer.status, body: parsed, tries }
      throw new Error(`Expected a claim to be answered, but: ${answer.text}`)
    }
    await sleep(50)
  }
}

function post(path, text) {
  return new Promise((answered, failed) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }
    const request = http.request(`${options.url}${path}`, { agent, method: 'POST', headers }, (response) => {
      let answer = ''
      response.setEncoding('utf8').on('data', (chunk) => (answer += chunk))
      response.on('end', () => answered({ status: response.statusCode, text: answer }))
      response.on('error', failed)
    })
    request.on('error', failed)
    request.end(text)
  })
}

/** Microseconds. */
function now() {
  return Number(process.hrtime.bigint() / 1000n)
}
