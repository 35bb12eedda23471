import { HttpSession } from './http-session.mjs'

const settings =
  'tunacorn serve (LOG_LEVEL=warn) and one worker process with one Worker of the client, concurrency 500 (latency: 10); one by one: 128 connections, each reporting one result and claiming one task per call; everything else as it comes'

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'tunacorn',
  title: 'TunaCorn over HTTP',
  packages: [],
  needs: ['postgres'],
  isOurs: true,
  settings,
  cannot: {},
  open: ({ databaseUrl }) => HttpSession.open({ databaseUrl }),
}

/** @type {import('../lib/peers.mjs').Peer} */
export const peerOnNode20 = {
  ...peer,
  id: 'tunacorn-node20',
  title: 'TunaCorn over HTTP, Node 20',
  node: 20,
  settings: 'as above',
}
