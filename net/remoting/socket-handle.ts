/**
 * The only file that reaches behind `node:net`'s documented surface. An accepted socket has no
 * `onread` option, so its handle is moved to a socket that has: all accepted sockets then read into
 * one buffer instead of one fresh buffer a read.
 */

import type { OnReadOpts, SocketConstructorOpts } from 'node:net'
import { Socket } from 'node:net'

interface Handle {
  readonly writeQueueSize?: number
  readonly fd?: number
}

interface SocketWithHandle {
  _handle: Handle | null
}

interface HandleOptions extends SocketConstructorOpts {
  handle: Handle
  onread: OnReadOpts
}

/**
 * A socket that takes over the connection of `accepted` (accepted with `pauseOnConnect`) and reads
 * into `onread.buffer`; undefined when the peer is gone already.
 */
export function readIntoBuffer(accepted: Socket, onread: OnReadOpts): Socket | undefined {
  const source = accepted as unknown as SocketWithHandle
  const handle = source._handle
  if (handle === null) return undefined
  source._handle = null
  // Without its handle it only leaves the server's count of connections.
  accepted.destroy()
  const options: HandleOptions = { handle, onread }
  return new Socket(options)
}

/** The descriptor that takes what is written to an open socket; -1 when there is none. */
export function descriptorOf(socket: Socket): number {
  const isEncrypted = 'encrypted' in socket && socket.encrypted === true
  if (isEncrypted) return -1
  return (socket as unknown as SocketWithHandle)._handle?.fd ?? -1
}

/** Bytes that the operating system has not taken yet from the write in progress. */
export function writeQueueBytes(socket: Socket): number {
  return (socket as unknown as SocketWithHandle)._handle?.writeQueueSize ?? 0
}
