import { assert } from '../../engine/base/assert.ts'
import { describeError } from '../../engine/base/errors.ts'
import { Lifecycle } from '../../engine/base/lifecycle.ts'
import { encodeHeaderFields } from '../protocol/header-table.ts'
import { NotifyMinBrokerIdChangeRequestHeader } from '../protocol/min-broker-id.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { RemotingClient } from '../remoting/remoting-client.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { RemotingServer } from '../remoting/remoting-server.ts'
import { NameServerError } from './errors.ts'
import { KvConfigs } from './kv-configs.ts'
import type { NameServerContext } from './name-server-context.ts'
import type { NameServerConfig, NameServerOptions } from './name-server-options.ts'
import { parseNameServerOptions } from './name-server-options.ts'
import { NameServerSettings } from './name-server-settings.ts'
import { nameServerHandlers } from './request-table.ts'
import type { BrokerDeparture, MinBrokerIdChange } from './route-table.ts'
import { RouteTable } from './route-table.ts'

/**
 * Tells clients which brokers have which topics. Brokers register with each of several name
 * servers, which do not know of each other; nothing but the KV configs outlives one.
 */
export class NameServer extends Lifecycle {
  readonly #context: NameServerContext
  readonly #client: RemotingClient
  readonly #startedMs = performance.now()
  #server: RemotingServer | undefined
  #scanTimer: NodeJS.Timeout | undefined

  /**
   * Reads the KV configs, listens, and resolves when requests are answered.
   * @throws {NameServerError} `NAMESRV_OPTION_INVALID`, `NAMESRV_KV_CONFIG_UNREADABLE`
   * @throws {RemotingError} `REMOTING_LISTEN_FAILED`
   */
  static async start(options: NameServerOptions = {}): Promise<NameServer> {
    const config = parseNameServerOptions(options)
    const server = new NameServer(config, await KvConfigs.open(config.kvConfigPath))
    await server.#listen()
    return server
  }

  private constructor(config: NameServerConfig, kvConfigs: KvConfigs) {
    super()
    this.#client = new RemotingClient({ logger: config.logger })
    this.#context = {
      settings: new NameServerSettings(config),
      table: new RouteTable(() => performance.now()),
      kvConfigs,
      isReady: () => this.#isReady(),
      departed: (departure, why) => this.#departed(departure, why),
      announce: (change) => this.#announce(change),
    }
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#listening.port
  }

  /** `host:port` that it listens on. */
  get address(): string {
    return this.#listening.address
  }

  protected override async drain(): Promise<void> {
    clearTimeout(this.#scanTimer)
    await this.#server?.close()
    await this.#finish()
  }

  protected override async abort(reason: Error): Promise<void> {
    clearTimeout(this.#scanTimer)
    await this.#server?.destroy(reason)
    await this.#finish()
  }

  override destroy(reason: Error): Promise<void> {
    // A close in progress waits for the server, so ending that ends it too.
    void this.#server?.destroy(reason)
    return super.destroy(reason)
  }

  get #listening(): RemotingServer {
    assert(this.#server !== undefined, 'a name server that was handed out listens')
    return this.#server
  }

  async #listen(): Promise<void> {
    const { host, port, idleMs, logger } = this.#context.settings.current
    const handlers = nameServerHandlers(this.#context)
    try {
      this.#server = await RemotingServer.listen(
        { host, port, idleMs, logger },
        {
          route: (code) => handlers.get(code),
          onClose: (connection) => {
            const departures = this.#context.table.ownerGone(connection)
            for (const departure of departures) this.#departed(departure, 'its connection is gone')
          },
        },
      )
    } catch (error) {
      await this.#client.close()
      throw error
    }
    this.#context.settings.listensOn(this.port)
    this.#scheduleScan()
    this.markOpen()
  }

  /** Changes that were begun are written before the name server is closed. */
  async #finish(): Promise<void> {
    await this.#context.kvConfigs.settled()
    await this.#context.settings.settled()
    await this.#client.close()
  }

  #isReady(): boolean {
    const { needWaitForService, waitForServiceMs } = this.#context.settings.current
    return !needWaitForService || performance.now() - this.#startedMs >= waitForServiceMs
  }

  #scheduleScan(): void {
    const { scanIntervalMs } = this.#context.settings.current
    this.#scanTimer = setTimeout(() => {
      this.#forgetExpired()
      this.#scheduleScan()
    }, scanIntervalMs).unref()
  }

  #forgetExpired(): void {
    const { table } = this.#context
    for (const departure of table.expire()) {
      const { owner, heartbeatTimeoutMs } = departure.member
      const why = `not heard of for ${heartbeatTimeoutMs} ms`
      this.#departed(departure, why)
      // Another broker of the same process may be alive on this connection.
      if (!table.hasBrokerOf(owner)) {
        void owner.destroy(new NameServerError('NAMESRV_BROKER_EXPIRED', why))
      }
    }
  }

  #departed({ member, minBrokerIdChange }: BrokerDeparture, why: string): void {
    const { brokerName, brokerId, brokerAddress } = member
    const { logger } = this.#context.settings.current
    logger.info(`broker ${brokerName} (${brokerId}) at ${brokerAddress} is gone: ${why}`)
    this.#announce(minBrokerIdChange)
  }

  #announce(change: MinBrokerIdChange | undefined): void {
    const { notifyMinBrokerIdChanged } = this.#context.settings.current
    if (change === undefined || !notifyMinBrokerIdChanged || this.status !== 'open') return
    for (const address of change.recipients) void this.#tell(address, change)
  }

  async #tell(address: string, change: MinBrokerIdChange): Promise<void> {
    const extFields = encodeHeaderFields(NotifyMinBrokerIdChangeRequestHeader, {
      brokerName: change.brokerName,
      minBrokerId: change.minBrokerId,
      minBrokerAddr: change.minBrokerAddress,
      offlineBrokerAddr: change.offlineBrokerAddress,
      haBrokerAddr: change.haBrokerAddress,
    })
    const request = createRequest(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, { extFields })
    try {
      await this.#client.invokeOneway(address, request)
    } catch (error) {
      const { logger } = this.#context.settings.current
      logger.warn(`${address} was not told of its group's change: ${describeError(error)}`)
    }
  }
}
