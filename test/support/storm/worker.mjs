// A worker of the storm, in a process of its own: claims, works, beats, reports, fails, gives back, forgets, and writes
// everything down. Started with its options as JSON. It speaks HTTP by itself, so that each call is on record as it was.
import { oneOf, pause, post, Recorder } from './recorder.mjs'

const { name, urls, record, hands, lease } = JSON.parse(process.argv[2])
const recorder = new Recorder(record)
// Whoever has started it is gone.
process.on('disconnect', () => process.exit())
let made = 0

for (let hand = 0; hand < hands; hand += 1) void work()

async function work() {
  for (;;) {
    const tasks = await claim([])
    if (tasks.length === 0) await pause(20)
    for (const task of tasks) await handle(task)
  }
}

/** @returns the tasks that were handed out, as far as an answer came */
async function claim(results) {
  const n = recorder.asked({ do: 'claim', worker: name })
  const reports = results.map(({ held, output }) =>
    recorder.asked({ do: 'complete', ...held, nonce: output.nonce }),
  )
  const max = 1 + Math.floor(Math.random() * 4)
  const request = {
    worker: name,
    definition: 'storm',
    max,
    lease,
    attributes: false,
    ...(results.length > 0
      ? { results: results.map(({ held, output }) => ({ task: held.task, claim: held.claim, output })) }
      : { wait: '500ms' }),
  }
  const { status, body } = await post(oneOf(urls), '/tasks/claim', request)
  const tasks = (body.tasks ?? []).map(({ id, attempt, claim: secret, leaseExpiresAt }) => {
    return { task: id, attempt, claim: secret, leaseExpiresAt }
  })
  recorder.answered(n, { status, tasks })
  for (const [place, report] of reports.entries()) {
    const item = status === 200 ? body.results?.[place] : undefined
    recorder.answered(report, { status: item?.status ?? status, code: item?.code ?? body.code })
  }
  return tasks
}

async function handle(held) {
  const { leaseExpiresAt: _leaseExpiresAt, ...task } = held
  if (Math.random() < 0.3) await pause(Math.random() * 40)
  if (Math.random() < 0.2) await beat(task)
  const dice = Math.random()
  if (dice < 0.01) return
  if (dice < 0.03) await tell('release', task, `/tasks/${task.task}/release`, { claim: task.claim })
  else if (dice < 0.07) {
    const body = { claim: task.claim, error: { message: 'as dice have it' } }
    await tell('fail', task, `/tasks/${task.task}/fail`, body)
  } else await complete(task)
}

async function complete(task) {
  const output = { nonce: `${name} ${process.pid} ${(made += 1)}` }
  if (Math.random() < 0.4) {
    for (const next of await claim([{ held: task, output }])) await handle(next)
    return
  }
  await tell('complete', { ...task, nonce: output.nonce }, `/tasks/${task.task}/complete`, {
    claim: task.claim,
    output,
  })
}

async function beat(task) {
  const n = recorder.asked({ do: 'heartbeat', ...task })
  const { status, body } = await post(oneOf(urls), `/tasks/${task.task}/heartbeat`, { claim: task.claim })
  recorder.answered(n, { status, code: body.code, leaseExpiresAt: body.leaseExpiresAt })
}

/** The same again, wherever, until somebody gives an answer. */
async function tell(deed, held, path, request) {
  for (let tries = 0; tries < 6; tries += 1) {
    const n = recorder.asked({ do: deed, ...held })
    const { status, body } = await post(oneOf(urls), path, request)
    recorder.answered(n, { status, code: body.code })
    if (status !== 0 && status < 500) return
    await pause(50 * 2 ** tries)
  }
}
