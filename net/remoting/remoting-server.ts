import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { Lifecycle } from '../../engine/base/lifecycle.ts'
import { formatAddress } from './address.ts'
import type { Connection } from './connection.ts'
import { ConnectionGroup } from './connection-group.ts'
import { RemotingError } from './errors.ts'
import type { RemotingServerConfig, RemotingServerOptions } from './remoting-options.ts'
import { parseServerOptions } from './remoting-options.ts'
import type { RequestRoutes } from './request-routes.ts'
import { readIntoBuffer } from './socket-handle.ts'

/** Connections that wait in the kernel until they are accepted (Java: serverSocketBacklog). */
const BACKLOG = 1024

/** Accepts connections and answers requests by their code. */
export class RemotingServer extends Lifecycle {
  readonly #config: RemotingServerConfig
  readonly #group: ConnectionGroup
  readonly #server: Server
  #port = 0

  /**
   * Listens and resolves when connections are accepted.
   * @throws {RemotingError} `REMOTING_OPTION_INVALID`, `REMOTING_LISTEN_FAILED`
   */
  static async listen(
    options: RemotingServerOptions,
    routes: RequestRoutes,
  ): Promise<RemotingServer> {
    const server = new RemotingServer(parseServerOptions(options), routes)
    await server.#listen()
    return server
  }

  private constructor(config: RemotingServerConfig, routes: RequestRoutes) {
    super()
    this.#config = config
    this.#group = new ConnectionGroup('server', config, routes)
    this.#server = createServer({ pauseOnConnect: true, noDelay: true })
    this.#server.on('connection', (accepted) => this.#accept(accepted))
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#port
  }

  /** `host:port` that it listens on. */
  get address(): string {
    return formatAddress(this.#config.host, this.#port)
  }

  get connections(): ReadonlySet<Connection> {
    return this.#group.connections
  }

  /** Bytes that all connections keep of unfinished and held frames. */
  get keptBytes(): number {
    return this.#group.keptBytes
  }

  /** Bytes that wait to be sent, of all connections. */
  get unsentBytes(): number {
    return this.#group.unsent.totalBytes
  }

  /** Bytes of requests whose handlers have not answered. */
  get inflightBytes(): number {
    return this.#group.inflight.totalBytes
  }

  protected override async drain(): Promise<void> {
    const closed = this.#stopListening()
    await this.#group.closeAll()
    await closed
  }

  protected override async abort(reason: Error): Promise<void> {
    const closed = this.#stopListening()
    await this.#group.destroyAll(reason)
    await closed
  }

  override destroy(reason: Error): Promise<void> {
    // A close in progress waits for its connections, so ending those ends it too.
    void this.#group.destroyAll(reason)
    return super.destroy(reason)
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#config
    this.#server.listen({ host, port, backlog: BACKLOG })
    try {
      await once(this.#server, 'listening')
    } catch (error) {
      const message = `cannot listen on ${formatAddress(host, port)}`
      throw new RemotingError('REMOTING_LISTEN_FAILED', message, { cause: error })
    }
    const address = this.#server.address()
    if (address !== null && typeof address === 'object') this.#port = address.port
    this.#server.on('error', (error) => {
      this.#group.log.error('accept', `cannot accept on ${this.address}: ${error.message}`)
    })
    this.markOpen()
  }

  async #stopListening(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #accept(accepted: Socket): void {
    if (this.status !== 'open' || this.#group.connections.size >= this.#config.connectionCountMax) {
      const count = this.#group.connections.size
      this.#group.log.warn('REMOTING_OVERLOADED', `a connection was refused, ${count} are open`)
      accepted.destroy()
      return
    }
    let connection: Connection | undefined
    const { receiveBuffer } = this.#group
    const socket = readIntoBuffer(accepted, {
      buffer: receiveBuffer,
      callback: (length) => {
        connection?.receive(receiveBuffer, length)
        return true
      },
    })
    if (socket !== undefined) connection = this.#group.add(socket)
  }
}
