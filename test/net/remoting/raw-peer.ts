import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { decodeFrame, encodeFrame } from '../../../net/remoting/command-codec.ts'
import { FrameSplitter } from '../../../net/remoting/frame-splitter.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { until } from '../../helpers/until.ts'

const FRAME_BYTES_MAX = 0x1000_0000

/** The other end of a connection with its bytes in the test's hand. */
export class RawPeer {
  readonly socket: Socket
  readonly commands: RemotingCommand[] = []
  isClosed = false
  receivedBytes = 0

  private constructor(socket: Socket) {
    this.socket = socket
    const onFrame = (frame: Parameters<typeof decodeFrame>[0]): boolean =>
      this.commands.push(decodeFrame(frame)) > 0
    const splitter = new FrameSplitter({ onFrame }, FRAME_BYTES_MAX)
    socket.on('data', (bytes) => {
      this.receivedBytes += bytes.length
      splitter.feed(bytes, bytes.length)
    })
    socket.on('close', () => {
      this.isClosed = true
    })
    // A reset is one of the ways in which a server may end the connection.
    socket.on('error', () => undefined)
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect(port, '127.0.0.1')
    const peer = new RawPeer(socket)
    await once(socket, 'connect')
    return peer
  }

  send(...commands: RemotingCommand[]): void {
    this.socket.write(Buffer.concat(commands.map(encodeFrame)))
  }

  /** Waits for `count` commands in all. */
  async receive(count: number): Promise<RemotingCommand[]> {
    await until(() => this.commands.length >= count)
    return this.commands
  }

  async whenClosed(): Promise<void> {
    await until(() => this.isClosed)
  }

  async close(): Promise<void> {
    this.socket.destroy()
    await this.whenClosed()
  }
}
