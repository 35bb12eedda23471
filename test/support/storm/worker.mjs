// A worker of the storm, in a process of its own: claims, works, beats, reports, fails, gives back, forgets, and writes
// everything down. Started with its options as JSON. It speaks HTTP by itself, so that each call is on record as it was.
import { oneOf, otherOf, pause, post, Recorder } from './recorder.mjs'

const { name, urls, record, hands, lease, definition, names } = JSON.parse(process.argv[2])
const recorder = new Recorder(record)
// Whoever has started it is gone.
process.on('disconnect', () => process.exit())
const longestWaitMs = 1_600
let made = 0

for (let hand = 0; hand < hands; hand += 1) void work()

async function work() {
  for (;;) {
    const { tasks } = await claim(oneOf(urls), [])
    if (tasks.length === 0) await pause(20)
    for (const task of tasks) await handle(task)
  }
}

/** @returns the tasks that were handed out, as far as an answer came, and the results that none came for */
async function claim(url, results) {
  const n = recorder.asked({ do: 'claim', worker: name })
  const reports = results.map(({ held, output }) =>
    recorder.asked({ do: 'complete', ...held, nonce: output.nonce }),
  )
  const max = 1 + Math.floor(Math.random() * 4)
  const request = {
    worker: name,
    // What is seldom is found only by who takes anything.
    ...(Math.random() < 0.5 ? { definition } : { names }),
    max,
    lease,
    attributes: false,
    ...(results.length > 0
      ? { results: results.map(({ held, output }) => ({ task: held.task, claim: held.claim, output })) }
      : { wait: '500ms' }),
  }
  const { status, body } = await post(url, '/tasks/claim', request)
  const tasks = (body.tasks ?? []).map(({ id, attempt, claim: secret, leaseExpiresAt }) => {
    return { task: id, attempt, claim: secret, leaseExpiresAt }
  })
  recorder.answered(n, { status, code: body.code, tasks })
  const unanswered = results.filter((_result, place) => {
    const { status: itemStatus = status, code = body.code } = body.results?.[place] ?? {}
    recorder.answered(reports[place], { status: itemStatus, code })
    return !isAnswer(itemStatus)
  })
  return { tasks, unanswered }
}

async function handle(held) {
  const { leaseExpiresAt: _leaseExpiresAt, ...task } = held
  if (Math.random() < 0.3) await pause(Math.random() * 40)
  if (Math.random() < 0.2) await beat(task)
  const dice = Math.random()
  if (dice < 0.01) return
  if (dice < 0.03) await tell({ do: 'release', ...task }, 'release', { claim: task.claim })
  else if (dice < 0.07) await fail(task, false)
  else if (dice < 0.08) await fail(task, true)
  else await complete(task)
}

async function complete(task) {
  const output = { nonce: newNonce() }
  if (Math.random() < 0.4) return completeAndClaim({ held: task, output })
  const deed = { do: 'complete', ...task, nonce: output.nonce }
  await tell(deed, 'complete', { claim: task.claim, output })
}

/** Whatever is handed out meanwhile waits until the result is answered for. */
async function completeAndClaim(result) {
  const next = []
  await untilAnswered(async (url) => {
    const { tasks, unanswered } = await claim(url, [result])
    next.push(...tasks)
    return unanswered.length === 0
  })
  for (const task of next) await handle(task)
}

async function fail(task, final) {
  const nonce = newNonce()
  const error = { message: 'as dice have it', nonce }
  const request = { claim: task.claim, error, ...(final && { retry: false }) }
  await tell({ do: 'fail', ...task, nonce, final }, 'fail', request)
}

async function beat(task) {
  await untilAnswered(async (url) => {
    const n = recorder.asked({ do: 'heartbeat', ...task })
    const { status, body } = await post(url, `/tasks/${task.task}/heartbeat`, { claim: task.claim })
    recorder.answered(n, { status, code: body.code, leaseExpiresAt: body.leaseExpiresAt })
    return isAnswer(status)
  }, 3)
}

async function tell(deed, what, request) {
  await untilAnswered(async (url) => {
    const n = recorder.asked(deed)
    const { status, body } = await post(url, `/tasks/${deed.task}/${what}`, request)
    recorder.answered(n, { status, code: body.code })
    return isAnswer(status)
  })
}

/** The same again, each time somewhere else, until somebody gives an answer. */
async function untilAnswered(send, most = Infinity) {
  let url = oneOf(urls)
  for (let tries = 1; !(await send(url)) && tries < most; tries += 1) {
    await pause(Math.min(25 * 2 ** tries, longestWaitMs))
    url = otherOf(urls, url)
  }
}

function isAnswer(status) {
  return status !== 0 && status < 500
}

function newNonce() {
  return `${name} ${process.pid} ${(made += 1)}`
}
