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
import { MASTER_ID } from '../protocol/topic-route.ts'
import type { Connection } from '../remoting/connection.ts'
import { RemotingClient } from '../remoting/remoting-client.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import type { RequestHandler } from '../remoting/request-routes.ts'
import { BrokerCalls } from './broker-calls.ts'
import { ClientError, type ClientErrorCode } from './client-error.ts'
import { clientIdOf } from './client-id.ts'
import type { ClientConfig } from './client-options.ts'
import { NameServerClient } from './name-server-client.ts'
import { PeriodicTask } from './periodic-task.ts'
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
  /** The connection to a broker has ended. */
  onConnectionLost?(brokerName: string): void
  /** The handler of a request that brokers push; undefined answers REQUEST_CODE_NOT_SUPPORTED. */
  handlerOf(code: number): RequestHandler | undefined
}

/** Failures that say something about one topic only. */
const LONE_FAILURES: ReadonlySet<ClientErrorCode> = new Set([
  'CLIENT_REQUEST_REFUSED',
  'CLIENT_RESPONSE_INVALID',
])
/** Routes are asked for again on every hint that they are out of date, but not more often. */
const ROUTE_SPACING_MS = 1_000
/** How often routes are asked for while a broker is away, and how long it is waited for so. */
const AWAY_ROUTE_MS = 500
const AWAY_MS_MAX = 300_000

/**
 * What every producer and consumer stands on: its connections, the routes of its topics, and the
 * heartbeats that make it known to the brokers. RocketMQ: `MQClientInstance`.
 */
export class ClientInstance extends Lifecycle {
  readonly config: ClientConfig
  readonly clientId: string
  readonly routes: RouteCache
  readonly brokers: BrokerCalls
  readonly #role: ClientRole
  readonly #remoting: RemotingClient
  /** Since when brokers are away, by name. */
  readonly #awaySinceMs = new Map<string, number>()
  readonly #routeTask: PeriodicTask
  readonly #heartbeatTask: PeriodicTask

  constructor(config: ClientConfig, role: ClientRole) {
    super()
    const { heartbeatIntervalMs, logger, nameServers, namespaceV2 } = config
    const { requestTimeoutMs, routeIntervalMs } = config
    this.config = config
    this.clientId = clientIdOf(config.clientIp, config.instanceName)
    this.#role = role
    this.#remoting = new RemotingClient(
      { logger, connectTimeoutMs: requestTimeoutMs },
      {
        route: (code) => role.handlerOf(code),
        onClose: (connection, reason) => this.#connectionLost(connection, reason),
      },
    )
    const nameServer = new NameServerClient({
      remoting: this.#remoting,
      addresses: nameServers,
      timeoutMs: requestTimeoutMs,
      namespaceV2,
      logger,
    })
    this.routes = new RouteCache({
      fetch: (topic) => nameServer.route(topic),
      onChange: (topic) => role.onRouteChange(topic),
    })
    this.brokers = new BrokerCalls({
      remoting: this.#remoting,
      timeoutMs: requestTimeoutMs,
      namespaceV2,
      greeting: () => this.#heartbeatRequest(),
      onConnected: (address) => this.#cameBack(address),
      onUnreachable: () => this.hintRoutes(),
      logger,
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

  /** Tells every broker that this client is there and what it subscribes to. Never rejects. */
  async heartbeat(): Promise<void> {
    const isConsumer = this.#role.consumers().length > 0
    const addresses = this.routes.addresses
      .filter(({ brokerId }) => isConsumer || brokerId === MASTER_ID)
      .map(({ address }) => address)
    await this.brokers.tellAll(addresses, () => this.#heartbeatRequest())
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

  /** Returns when to do so again, in milliseconds. One topic's failure is not another's, unless no
   *  name server answers at all. */
  async #refreshRoutes(): Promise<number> {
    for (const topic of this.routes.topics) {
      try {
        await this.routes.refresh(topic)
      } catch (error) {
        const isAlone = error instanceof ClientError && LONE_FAILURES.has(error.code)
        if (!isAlone) throw error
        this.config.logger.warn(`route of ${topic} not refreshed: ${describeError(error)}`)
      }
    }
    // A consumer says itself when it gives up a topic.
    if (this.#role.consumers().length === 0) this.routes.forgetGone()
    const { routeIntervalMs } = this.config
    return this.#isSomeoneAway() ? Math.min(AWAY_ROUTE_MS, routeIntervalMs) : routeIntervalMs
  }

  /** A name server does not tell when a broker comes back: its queues are found by asking. */
  #isSomeoneAway(): boolean {
    const nowMs = performance.now()
    for (const [brokerName, sinceMs] of this.#awaySinceMs) {
      if (nowMs - sinceMs > AWAY_MS_MAX) this.#awaySinceMs.delete(brokerName)
    }
    return this.#awaySinceMs.size > 0
  }

  #brokerNameAt(address: string | undefined): string | undefined {
    return this.routes.addresses.find((entry) => entry.address === address)?.brokerName
  }

  #cameBack(address: string): void {
    const brokerName = this.#brokerNameAt(address)
    if (brokerName !== undefined) this.#awaySinceMs.delete(brokerName)
  }

  #connectionLost(connection: Connection, reason: Error | undefined): void {
    if (this.status !== 'open') return
    const brokerName = this.#brokerNameAt(this.brokers.addressOf(connection))
    if (brokerName !== undefined) {
      this.#awaySinceMs.set(brokerName, performance.now())
      this.#role.onConnectionLost?.(brokerName)
    }
    if (reason !== undefined) this.hintRoutes()
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
    const addresses = this.brokers.connectedAddresses
    for (const group of groups) {
      const extFields = encodeHeaderFields(UnregisterClientRequestHeader, group)
      await this.brokers.tellAll(addresses, () =>
        createRequest(RequestCode.UNREGISTER_CLIENT, { extFields }),
      )
    }
  }
}

function closed(): ClientError {
  return new ClientError('CLIENT_CLOSED', 'the client is closed')
}
