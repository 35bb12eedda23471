// A worker whose process is killed by whatever task is called "poison", as by one that uses up all memory. Started with
// its options as JSON; it takes whatever there is, and what else it holds dies with it.
import http from 'node:http'

const { url, worker, lease, max } = JSON.parse(process.argv[2])
// Whoever has started it is gone.
process.on('disconnect', () => process.exit())

for (;;) {
  const { tasks = [] } = await post('/tasks/claim', { worker, lease, max, wait: '1s' })
  for (const { id, name, claim } of tasks) {
    if (name === 'poison') process.kill(process.pid, 'SIGKILL')
    await post(`/tasks/${id}/complete`, { claim })
  }
}

function post(path, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const request = http.request(`${url}${path}`, { method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve(text === '' ? {} : JSON.parse(text)))
    })
    request.on('error', reject).end(JSON.stringify(body))
  })
}
