import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { Lifecycle } from '../../engine/base/lifecycle.ts'
import { parseAddress } from './address.ts'
import type { Connection } from './connection.ts'
import { ConnectionGroup } from './connection-group.ts'
import { RemotingError } from './errors.ts'
import type { RemotingCommand } from './remoting-command.ts'
import type { RemotingClientConfig, RemotingClientOptions } from './remoting-options.ts'
import { parseClientOptions } from './remoting-options.ts'
import type { RequestRoutes } from './request-routes.ts'

/** The connection to one address, as it is being made and when it is there. */
interface Link {
  readonly connecting: Promise<Connection>
  connection: Connection | undefined
}

/** Answers every pushed request with REQUEST_CODE_NOT_SUPPORTED. */
const NO_ROUTES: RequestRoutes = Object.freeze({ route: () => undefined })

/**
 * Calls servers by address, with one connection per address: made when first needed, shared, and
 * made anew by the next call after it was lost.
 */
export class RemotingClient extends Lifecycle {
  readonly #config: RemotingClientConfig
  readonly #group: ConnectionGroup
  readonly #links = new Map<string, Link>()
  readonly #connecting = new Set<Socket>()

  /**
   * `routes` handles what servers push.
   * @throws {RemotingError} `REMOTING_OPTION_INVALID`
   */
  constructor(options: RemotingClientOptions = {}, routes: RequestRoutes = NO_ROUTES) {
    super()
    this.#config = parseClientOptions(options)
    this.#group = new ConnectionGroup('client', this.#config, routes)
    this.markOpen()
  }

  get connections(): ReadonlySet<Connection> {
    return this.#group.connections
  }

  /**
   * Sends `request` to `address` (`host:port` or `[v6]:port`) and waits for the response. The
   * deadline covers connecting too.
   * @throws {RemotingError} `REMOTING_CONNECT_FAILED`, `REMOTING_TIMEOUT`,
   *   `REMOTING_CONNECTION_CLOSED`, `REMOTING_OVERLOADED`, `REMOTING_CLOSED`,
   *   `REMOTING_ADDRESS_INVALID`, `REMOTING_HEADER_INVALID`
   */
  async invoke(
    address: string,
    request: RemotingCommand,
    timeoutMs: number,
  ): Promise<RemotingCommand> {
    const startMs = performance.now()
    const connection = await this.connection(address, timeoutMs)
    const leftMs = timeoutMs - (performance.now() - startMs)
    if (leftMs <= 0) throw timedOut(address, timeoutMs)
    return connection.invoke(request, leftMs)
  }

  /** Sends `request` to `address` as one-way. @throws {RemotingError} as {@link invoke} */
  async invokeOneway(address: string, request: RemotingCommand): Promise<void> {
    const connection = await this.connection(address)
    connection.invokeOneway(request)
  }

  /**
   * The connection to `address`, made when there is none. Waits at most `timeoutMs`.
   * @throws {RemotingError} as {@link invoke}
   */
  async connection(address: string, timeoutMs = Number.POSITIVE_INFINITY): Promise<Connection> {
    if (this.status !== 'open') throw clientClosed()
    const { connecting } = this.#linkTo(address)
    if (timeoutMs >= this.#config.connectTimeoutMs) return connecting
    return withDeadline(connecting, timeoutMs, () => timedOut(address, timeoutMs))
  }

  /** The connection to `address` that there is, ready to be used; undefined without one. */
  connectionNow(address: string): Connection | undefined {
    if (this.status !== 'open') return undefined
    const connection = this.#links.get(address)?.connection
    return connection?.callable === true ? connection : undefined
  }

  protected override async drain(): Promise<void> {
    this.#stopConnecting()
    await this.#group.closeAll()
  }

  protected override async abort(reason: Error): Promise<void> {
    this.#stopConnecting()
    await this.#group.destroyAll(reason)
  }

  override destroy(reason: Error): Promise<void> {
    // A close in progress waits for its connections, so ending those ends it too.
    void this.#group.destroyAll(reason)
    return super.destroy(reason)
  }

  #linkTo(address: string): Link {
    const known = this.#links.get(address)
    if (known !== undefined && known.connection?.callable !== false) return known
    const link: Link = { connecting: this.#connect(address), connection: undefined }
    const forget = (): void => {
      if (this.#links.get(address) === link) this.#links.delete(address)
    }
    link.connecting.then((connection) => {
      link.connection = connection
      connection.closed.then(forget, forget)
    }, forget)
    this.#links.set(address, link)
    return link
  }

  #stopConnecting(): void {
    for (const socket of this.#connecting) socket.destroy(clientClosed())
  }

  async #connect(address: string): Promise<Connection> {
    const { host, port } = parseAddress(address)
    const { receiveBuffer } = this.#group
    let connection: Connection | undefined
    const socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: receiveBuffer,
        callback: (length) => {
          connection?.receive(receiveBuffer, length)
          return true
        },
      },
    })
    this.#connecting.add(socket)
    try {
      await connected(socket, address, this.#config.connectTimeoutMs)
    } finally {
      this.#connecting.delete(socket)
    }
    if (this.status !== 'open') {
      socket.destroy()
      throw clientClosed()
    }
    connection = this.#group.add(socket)
    return connection
  }
}

/** Resolves when `socket` is connected; destroys it otherwise. */
function connected(socket: Socket, address: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (message: string, cause?: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(new RemotingError('REMOTING_CONNECT_FAILED', message, { cause }))
    }
    const onError = (error: Error): void => fail(`cannot connect to ${address}`, error)
    const timer = setTimeout(() => {
      fail(`cannot connect to ${address} in ${timeoutMs} ms`)
    }, timeoutMs)
    socket.once('error', onError)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', onError)
      resolve()
    })
  })
}

function withDeadline<T>(promise: Promise<T>, timeoutMs: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), timeoutMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function timedOut(address: string, timeoutMs: number): RemotingError {
  return new RemotingError('REMOTING_TIMEOUT', `no answer from ${address} in ${timeoutMs} ms`)
}

function clientClosed(): RemotingError {
  return new RemotingError('REMOTING_CLOSED', 'the client is closed')
}
