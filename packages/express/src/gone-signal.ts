import type { Request, Response } from 'express'

/**
 * Aborted when the client has gone before it was answered. A response that has to wait for others on its connection
 * (pipelining) is not told when that closes: so the connection itself is watched.
 */
export function goneSignal({ socket }: Request, response: Response): AbortSignal {
  const gone = new AbortController()
  const look = () => {
    if (!response.writableEnded) gone.abort()
  }
  // One for each request that waits on this connection, however many they are.
  socket.setMaxListeners(0)
  socket.once('close', look)
  response.once('close', () => {
    socket.off('close', look)
    look()
  })
  return gone.signal
}
