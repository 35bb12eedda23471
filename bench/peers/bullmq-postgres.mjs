import { BullSession, cannot, settings } from './bullmq.mjs'

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'bullmq-postgres',
  title: 'BullMQ on PostgreSQL',
  packages: ['bullmq', 'pg'],
  needs: ['postgres'],
  settings: `${settings}; a pool of 10 connections`,
  cannot,
  async open({ databaseUrl }) {
    const { createPostgresBackend, withBackend } = await import('bullmq')
    const classes = withBackend(createPostgresBackend)
    const connection = { connectionString: databaseUrl, schema: 'bullmq', max: 10, migrate: true }
    return new BullSession(classes, connection)
  },
}
