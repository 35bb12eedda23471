import { BullSession, cannot, settings } from './bullmq.mjs'

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'bullmq-redis',
  title: 'BullMQ on Redis',
  packages: ['bullmq', 'ioredis'],
  needs: ['redis'],
  settings: `${settings}; Redis with appendonly yes, appendfsync everysec: up to a second is lost with the machine`,
  cannot,
  async open({ redis: { host, port } }) {
    const { FlowProducer, Queue, Worker } = await import('bullmq')
    return new BullSession({ FlowProducer, Queue, Worker }, { host, port, maxRetriesPerRequest: null })
  },
}
