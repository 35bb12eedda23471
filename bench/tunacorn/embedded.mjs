import { join } from 'node:path'
import { HttpSession } from './http-session.mjs'

const onlyTasks = 'the goal asks for W1 to W3 on it'

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'tunacorn-embedded',
  title: 'TunaCorn over HTTP, embedded database',
  packages: [],
  needs: [],
  isOurs: true,
  settings: 'as above, without DATABASE_URL: PGlite in a thread of the server',
  cannot: Object.fromEntries(['W3d', 'W4', 'W5', 'W5-batch', 'W6', 'W7', 'W8'].map((id) => [id, onlyTasks])),
  open: ({ directory }) => HttpSession.open({ dataDirectory: join(directory, 'embedded') }),
}
