import { connect, type Socket } from 'node:net'
import { KIB } from '../../../engine/base/units.ts'
import { parseAddress } from '../../remoting/address.ts'
import { RemotingError } from '../../remoting/errors.ts'

/** Who owns a connection of a load generator. */
export interface LaneOwner {
  /** Takes the bytes `0..length` of `received`, which is valid only during the call. */
  onBytes(received: Buffer, length: number): void
  /** The connection broke, or {@link onBytes} threw. */
  onFailure(error: Error): void
}

/** Every connection reads into this one buffer: it is empty again when a read was handled. */
const receiveBuffer = Buffer.allocUnsafeSlow(256 * KIB)

/**
 * Connects to `address` (`host:port`).
 * @throws {RemotingError} `REMOTING_CONNECT_FAILED`, `REMOTING_ADDRESS_INVALID`
 */
export function openLaneSocket(address: string, owner: LaneOwner): Promise<Socket> {
  const { host, port } = parseAddress(address)
  const onRead = (length: number): boolean => {
    try {
      owner.onBytes(receiveBuffer, length)
    } catch (error) {
      owner.onFailure(error instanceof Error ? error : new Error(String(error)))
    }
    return true
  }
  const onread = { buffer: receiveBuffer, callback: onRead }
  const socket = connect({ host, port, noDelay: true, onread })
  return new Promise((resolve, reject) => {
    socket.once('error', (cause) => {
      const message = `cannot connect to ${address}`
      reject(new RemotingError('REMOTING_CONNECT_FAILED', message, { cause }))
    })
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      socket.on('error', (cause) => owner.onFailure(lost(address, cause)))
      socket.on('close', () => owner.onFailure(lost(address)))
      resolve(socket)
    })
  })
}

/** Ends a connection without telling its owner. */
export function closeLaneSocket(socket: Socket): void {
  socket.removeAllListeners('close')
  socket.destroy()
}

function lost(address: string, cause?: Error): RemotingError {
  const message = `the connection to ${address} is lost`
  return new RemotingError('REMOTING_CONNECTION_CLOSED', message, { cause })
}
