import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { Connection } from '../remoting/connection.ts'
import type { ResponseWaiter } from '../remoting/pending-requests.ts'
import type { RemotingClient } from '../remoting/remoting-client.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { ClientError } from './client-error.ts'
import { markNamespace } from './namespace.ts'
import { refusal, toClientError } from './remote-failure.ts'

/** What {@link BrokerCalls} work with. */
export interface BrokerCallsOptions {
  readonly remoting: RemotingClient
  /** How long one request may take, in milliseconds, where nothing else is said. */
  readonly timeoutMs: number
  /** What requests are marked with, unless it is empty. */
  readonly namespaceV2: string
  /** What goes first over a new connection. */
  readonly greeting: () => RemotingCommand
  /** There is a new connection to the broker at `address`. */
  readonly onConnected: (address: string) => void
  /** A broker could not be reached. */
  readonly onUnreachable: () => void
  readonly logger: Logger
}

/**
 * Requests to brokers by address. The first thing that goes over a new connection is a heartbeat:
 * without it the broker does not know whose requests follow.
 */
export class BrokerCalls {
  readonly #options: BrokerCallsOptions
  /** The latest connection to each broker, by address. */
  readonly #connections = new Map<string, Connection>()
  readonly #addresses = new WeakMap<Connection, string>()

  constructor(options: BrokerCallsOptions) {
    this.#options = options
  }

  /** The brokers that there is a connection to. */
  get connectedAddresses(): readonly string[] {
    const open = [...this.#connections].filter(([, { status }]) => status === 'open')
    return open.map(([address]) => address)
  }

  /** Where a connection leads or led; undefined when that is no broker. */
  addressOf(connection: Connection): string | undefined {
    return this.#addresses.get(connection)
  }

  /**
   * Sends `request` to the broker at `address` and waits for its answer, whatever its code.
   * @throws {ClientError} `CLIENT_BROKER_UNREACHABLE`, `CLIENT_TIMEOUT`, `CLIENT_CLOSED`,
   *   `CLIENT_MESSAGE_ILLEGAL` when the header cannot be written
   */
  invoke(
    address: string,
    request: RemotingCommand,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<RemotingCommand> {
    return new Promise((resolve, reject) => {
      this.call(address, request, timeoutMs, {
        resolve: (response) => resolve(response.command()),
        reject: (error) => reject(toClientError(error, `broker ${address}`)),
      })
    })
  }

  /**
   * As {@link invoke}, for many calls: `waiter` hears of the answer or of a failure, perhaps before
   * this returns, and makes a {@link toClientError} of it. No promise is made where there is a
   * connection.
   */
  call(address: string, request: RemotingCommand, timeoutMs: number, waiter: ResponseWaiter): void {
    const connection = this.#introducedConnection(address)
    if (connection === undefined) {
      void this.#callLater(address, request, timeoutMs, waiter)
      return
    }
    try {
      this.#callOver(connection, request, timeoutMs, waiter)
    } catch (error) {
      waiter.reject(toClientError(error, `broker ${address}`))
    }
  }

  /**
   * Sends `request` and returns the answer when its code is SUCCESS.
   * @throws {ClientError} as {@link invoke}, and `CLIENT_REQUEST_REFUSED`
   */
  async invokeChecked(
    address: string,
    request: RemotingCommand,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<RemotingCommand> {
    const response = await this.invoke(address, request, timeoutMs)
    if (response.code === ResponseCode.SUCCESS) return response
    throw refusal(response, `broker ${address}`)
  }

  /** Sends `request` as one-way. @throws {ClientError} as {@link invoke} */
  async invokeOneway(address: string, request: RemotingCommand): Promise<void> {
    const connection =
      this.#introducedConnection(address) ??
      (await this.#connection(address, this.#options.timeoutMs))
    markNamespace(request, this.#options.namespaceV2)
    try {
      connection.invokeOneway(request)
    } catch (error) {
      throw toClientError(error, `broker ${address}`)
    }
  }

  /**
   * Resolves when the broker at `address` has taken the greeting of the present connection.
   * @throws {ClientError} as {@link invoke}
   */
  async introduced(address: string): Promise<void> {
    const connection = await this.#connection(address, this.#options.timeoutMs)
    await connection.attachment
  }

  /** Sends a request of its own to each address at the same time. Failures are logged. */
  async tellAll(addresses: Iterable<string>, makeRequest: () => RemotingCommand): Promise<void> {
    const tellOne = async (address: string): Promise<void> => {
      const request = makeRequest()
      try {
        await this.invokeChecked(address, request)
      } catch (error) {
        this.#options.logger.warn(`request ${request.code} failed: ${describeError(error)}`)
      }
    }
    await Promise.all([...new Set(addresses)].map(tellOne))
  }

  /** The connection that there is and over which a greeting went; undefined without one. */
  #introducedConnection(address: string): Connection | undefined {
    const connection = this.#options.remoting.connectionNow(address)
    return connection?.attachment === undefined ? undefined : connection
  }

  /** Never rejects: `waiter` hears how it ends. */
  async #callLater(
    address: string,
    request: RemotingCommand,
    timeoutMs: number,
    waiter: ResponseWaiter,
  ): Promise<void> {
    try {
      const startedMs = performance.now()
      const connection = await this.#connection(address, timeoutMs)
      const leftMs = timeoutMs - (performance.now() - startedMs)
      this.#callOver(connection, request, leftMs, waiter)
    } catch (error) {
      waiter.reject(toClientError(error, `broker ${address}`))
    }
  }

  #callOver(
    connection: Connection,
    request: RemotingCommand,
    timeoutMs: number,
    waiter: ResponseWaiter,
  ): void {
    if (timeoutMs <= 0) {
      throw new ClientError(
        'CLIENT_TIMEOUT',
        `no time is left to ask broker ${connection.remoteAddress}`,
      )
    }
    markNamespace(request, this.#options.namespaceV2)
    connection.call(request, timeoutMs, waiter)
  }

  async #connection(address: string, timeoutMs: number): Promise<Connection> {
    const { onConnected, onUnreachable, remoting } = this.#options
    try {
      const connection = await remoting.connection(address, timeoutMs)
      if (connection.attachment === undefined) {
        this.#connections.set(address, connection)
        this.#addresses.set(connection, address)
        connection.attachment = this.#greet(connection)
        onConnected(address)
      }
      return connection
    } catch (error) {
      onUnreachable()
      throw toClientError(error, `broker ${address}`)
    }
  }

  /** The next heartbeat says the same again, so a failure is logged and no more. */
  async #greet(connection: Connection): Promise<void> {
    const { greeting, logger, namespaceV2, timeoutMs } = this.#options
    const heartbeat = greeting()
    markNamespace(heartbeat, namespaceV2)
    try {
      await connection.invoke(heartbeat, timeoutMs)
    } catch (error) {
      logger.warn(`first heartbeat failed: ${describeError(error)}`)
    }
  }
}
