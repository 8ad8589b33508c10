import { describeError } from '../../engine/base/errors.ts'
import { Lifecycle } from '../../engine/base/lifecycle.ts'
import { encodeHeaderFields } from '../protocol/header-table.ts'
import {
  type ConsumerData,
  HeartbeatData,
  UnregisterClientRequestHeader,
} from '../protocol/heartbeat.ts'
import { encodeBody } from '../protocol/json-shape.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { MASTER_ID } from '../protocol/topic-route.ts'
import type { Connection } from '../remoting/connection.ts'
import { RemotingClient } from '../remoting/remoting-client.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import type { RequestHandler } from '../remoting/request-routes.ts'
import { ClientError } from './client-error.ts'
import { clientIdOf } from './client-id.ts'
import type { ClientConfig } from './client-options.ts'
import { NameServerClient } from './name-server-client.ts'
import { PeriodicTask } from './periodic-task.ts'
import { refusal, toClientError } from './remote-failure.ts'
import { RouteCache } from './route-cache.ts'

/** What a producer or consumer is to the brokers, told by itself. */
export interface ClientRole {
  readonly producerGroups: readonly string[]
  /** Whether closing gives up the calls that are in progress then, as a consumer's long pulls. */
  readonly leavesCalls: boolean
  /** The groups that it consumes for, with their subscriptions of this moment. */
  consumers(): readonly ConsumerData[]
  /** The route of `topic` has changed. */
  onRouteChange(topic: string): void
  /** The handler of a request that brokers push; undefined answers REQUEST_CODE_NOT_SUPPORTED. */
  handlerOf(code: number): RequestHandler | undefined
}

/** Routes are asked for again on every hint that they are out of date, but not more often. */
const ROUTE_SPACING_MS = 1_000

/**
 * What every producer and consumer stands on: its connections, the routes of its topics, and the
 * heartbeats that make it known to the brokers. RocketMQ: `MQClientInstance`.
 */
export class ClientInstance extends Lifecycle {
  readonly config: ClientConfig
  readonly clientId: string
  readonly routes: RouteCache
  readonly #role: ClientRole
  readonly #remoting: RemotingClient
  /** The latest connection to each broker, by address. */
  readonly #connections = new Map<string, Connection>()
  readonly #routeTask: PeriodicTask
  readonly #heartbeatTask: PeriodicTask

  constructor(config: ClientConfig, role: ClientRole) {
    super()
    const { heartbeatIntervalMs, logger, nameServers, requestTimeoutMs, routeIntervalMs } = config
    this.config = config
    this.clientId = clientIdOf(config.clientIp, config.instanceName)
    this.#role = role
    this.#remoting = new RemotingClient(
      { logger, connectTimeoutMs: requestTimeoutMs },
      {
        route: (code) => role.handlerOf(code),
        onClose: (_, reason) => this.#connectionLost(reason),
      },
    )
    const nameServer = new NameServerClient({
      remoting: this.#remoting,
      addresses: nameServers,
      timeoutMs: requestTimeoutMs,
      logger,
    })
    this.routes = new RouteCache({
      fetch: (topic) => nameServer.route(topic),
      onChange: (topic) => role.onRouteChange(topic),
    })
    this.#routeTask = new PeriodicTask({
      name: 'refresh of routes',
      intervalMs: routeIntervalMs,
      spacingMs: ROUTE_SPACING_MS,
      logger,
      run: () => this.#refreshRoutes(),
    })
    this.#heartbeatTask = new PeriodicTask({
      name: 'heartbeat',
      intervalMs: heartbeatIntervalMs,
      logger,
      run: () => this.heartbeat(),
    })
    this.markOpen()
  }

  /** Something says that a route is out of date. */
  hintRoutes(): void {
    if (this.status === 'open') this.#routeTask.trigger()
  }

  /**
   * Sends `request` to the broker at `address` and waits for its answer, whatever its code.
   * @throws {ClientError} `CLIENT_BROKER_UNREACHABLE`, `CLIENT_TIMEOUT`, `CLIENT_CLOSED`,
   *   `CLIENT_MESSAGE_ILLEGAL` when the header cannot be written
   */
  async invoke(
    address: string,
    request: RemotingCommand,
    timeoutMs = this.config.requestTimeoutMs,
  ): Promise<RemotingCommand> {
    const startedMs = performance.now()
    const connection = await this.connection(address, timeoutMs)
    const leftMs = timeoutMs - (performance.now() - startedMs)
    if (leftMs <= 0) throw tooLate(address, timeoutMs)
    try {
      return await connection.invoke(request, leftMs)
    } catch (error) {
      throw toClientError(error, `broker ${address}`)
    }
  }

  /**
   * Sends `request` and returns the answer when its code is SUCCESS.
   * @throws {ClientError} as {@link invoke}, and `CLIENT_REQUEST_REFUSED`
   */
  async invokeChecked(
    address: string,
    request: RemotingCommand,
    timeoutMs = this.config.requestTimeoutMs,
  ): Promise<RemotingCommand> {
    const response = await this.invoke(address, request, timeoutMs)
    if (response.code === ResponseCode.SUCCESS) return response
    throw refusal(response, `broker ${address}`)
  }

  /** Sends `request` as one-way. @throws {ClientError} as {@link invoke} */
  async invokeOneway(address: string, request: RemotingCommand): Promise<void> {
    const connection = await this.connection(address, this.config.requestTimeoutMs)
    try {
      connection.invokeOneway(request)
    } catch (error) {
      throw toClientError(error, `broker ${address}`)
    }
  }

  /**
   * The connection to the broker at `address`. The first thing that goes over a new one is a
   * heartbeat: without it the broker does not know whose requests follow.
   * @throws {ClientError} as {@link invoke}
   */
  async connection(address: string, timeoutMs: number): Promise<Connection> {
    try {
      const connection = await this.#remoting.connection(address, timeoutMs)
      if (connection.attachment === undefined) {
        this.#connections.set(address, connection)
        connection.attachment = this.#greet(connection)
      }
      return connection
    } catch (error) {
      this.hintRoutes()
      throw toClientError(error, `broker ${address}`)
    }
  }

  /** Resolves when the broker at `address` has taken the first heartbeat of this connection. */
  async introduced(address: string, timeoutMs: number): Promise<void> {
    const connection = await this.connection(address, timeoutMs)
    await connection.attachment
  }

  /** Tells every broker that this client is there and what it subscribes to. Never rejects. */
  async heartbeat(): Promise<void> {
    const isConsumer = this.#role.consumers().length > 0
    const addresses = this.routes.addresses
      .filter(({ brokerId }) => isConsumer || brokerId === MASTER_ID)
      .map(({ address }) => address)
    await this.#tell(new Set(addresses), () => this.#heartbeatRequest())
  }

  protected override async drain(): Promise<void> {
    await this.#stopTasks()
    await this.#unregister()
    if (this.#role.leavesCalls) await this.#remoting.destroy(closed())
    else await this.#remoting.close()
  }

  protected override async abort(reason: Error): Promise<void> {
    await this.#remoting.destroy(reason)
    await this.#stopTasks()
  }

  async #stopTasks(): Promise<void> {
    await Promise.all([this.#routeTask.stop(), this.#heartbeatTask.stop()])
  }

  async #refreshRoutes(): Promise<void> {
    for (const topic of this.routes.topics) await this.routes.refresh(topic)
  }

  #connectionLost(reason: Error | undefined): void {
    if (reason !== undefined) this.hintRoutes()
  }

  /** Heartbeats only repeat what the next one says again, so a failure is logged and no more. */
  async #greet(connection: Connection): Promise<void> {
    try {
      await connection.invoke(this.#heartbeatRequest(), this.config.requestTimeoutMs)
    } catch (error) {
      this.config.logger.warn(`first heartbeat failed: ${describeError(error)}`)
    }
  }

  #heartbeatRequest(): RemotingCommand {
    const consumerDataSet = [...this.#role.consumers()]
    const producerDataSet = this.#role.producerGroups.map((groupName) => ({ groupName }))
    const body = encodeBody(HeartbeatData, {
      clientID: this.clientId,
      consumerDataSet,
      producerDataSet,
      heartbeatFingerprint: 0,
      withoutSub: false,
    })
    return createRequest(RequestCode.HEART_BEAT, { body })
  }

  /** Brokers forget clients whose connections end; this tells them why, at once. */
  async #unregister(): Promise<void> {
    const clientID = this.clientId
    const groups = [
      ...this.#role.producerGroups.map((producerGroup) => ({ clientID, producerGroup })),
      ...this.#role.consumers().map(({ groupName }) => ({ clientID, consumerGroup: groupName })),
    ]
    const connected = [...this.#connections].filter(([, { status }]) => status === 'open')
    const addresses = new Set(connected.map(([address]) => address))
    for (const group of groups) {
      const extFields = encodeHeaderFields(UnregisterClientRequestHeader, group)
      await this.#tell(addresses, () => createRequest(RequestCode.UNREGISTER_CLIENT, { extFields }))
    }
  }

  /** Sends a request of its own to each address at the same time; failures are logged. */
  async #tell(addresses: ReadonlySet<string>, makeRequest: () => RemotingCommand): Promise<void> {
    const tellOne = async (address: string): Promise<void> => {
      const request = makeRequest()
      try {
        await this.invokeChecked(address, request)
      } catch (error) {
        this.config.logger.warn(`request ${request.code} failed: ${describeError(error)}`)
      }
    }
    await Promise.all([...addresses].map(tellOne))
  }
}

function closed(): ClientError {
  return new ClientError('CLIENT_CLOSED', 'the client is closed')
}

function tooLate(address: string, timeoutMs: number): ClientError {
  return new ClientError('CLIENT_TIMEOUT', `no answer from broker ${address} in ${timeoutMs} ms`)
}
