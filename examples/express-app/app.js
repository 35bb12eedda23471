// An Express app that was there before, with TunaCorn mounted in it. How to run it: ../README.md
//
// In a project of your own: npm install express @tunacorn/express, and
//   import { tunacorn } from '@tunacorn/express'
import { readFile } from 'node:fs/promises'
import express from 'express'
import { tunacorn } from '../../packages/express/dist/index.js'

const app = express()

app.get('/', (_request, response) => response.send('The loan office. TunaCorn works at /tunacorn.\n'))

// Workers and people reach TunaCorn's whole API under /tunacorn, if the app lets them.
const orchestration = tunacorn({
  database: process.env.DATABASE_URL, // without one, everything is kept in memory
  authorize: (request, action) => action === 'read' || request.get('x-office-key') === 'open sesame',
})
app.use('/tunacorn', orchestration)

// For the app's own routes. TunaCorn takes bodies that are parsed already, too; but only where it reads them itself does it
// notice numbers that were rounded and keys that are there twice, and asks who sends them before it reads them.
app.use(express.json())

// The app's own routes talk to the engine directly, not over HTTP.
app.post('/loans', async (request, response) => {
  const { id, state } = await orchestration.engine.startProcess({
    definition: 'loan-application',
    input: request.body,
  })
  response.status(201).json({ loan: id, state })
})

app.get('/loans/:id', async (request, response) => {
  const { record } = await orchestration.engine.fetchProcess(request.params.id)
  response.json({ loan: record.id, state: record.state, tasksDone: record.completed, of: record.total })
})

await orchestration.ready
const definition = new URL('../loan-application.yaml', import.meta.url)
await orchestration.engine.registerDefinition(await readFile(definition, 'utf8'))

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`The loan office is open at http://127.0.0.1:${server.address().port}`)
})

// TunaCorn never ends the program and installs no signal handlers: when to close is the app's to say.
process.once('SIGINT', close)
process.once('SIGTERM', close)

async function close() {
  server.close()
  await orchestration.close()
  server.closeAllConnections()
}
