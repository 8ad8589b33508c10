/**
 * The composition root: store, tables, capabilities, server, registration; in this order they are
 * opened, in the reverse they are closed.
 */
import { describeError } from '../../engine/base/errors.ts'
import { Lifecycle } from '../../engine/base/lifecycle.ts'
import { type Logger, silentLogger } from '../../engine/base/logger.ts'
import { KIB } from '../../engine/base/units.ts'
import { sendRanges } from '../../engine/file/posix.ts'
import { hostOf } from '../../engine/format/host.ts'
import { ThreadedStore, type ThreadedStoreOptions } from '../../workers/threaded-store.ts'
import type { TopicConfig } from '../protocol/topic-config.ts'
import { formatAddress } from '../remoting/address.ts'
import { RemotingClient } from '../remoting/remoting-client.ts'
import { RemotingServer } from '../remoting/remoting-server.ts'
import { HotOutcome, type RequestRoutes } from '../remoting/request-routes.ts'
import { BrokerParts } from './broker-parts.ts'
import type { BrokerConfigFile } from './options/broker-config.ts'
import type { BrokerConfig } from './options/broker-options.ts'
import { BrokerSettings } from './options/broker-settings.ts'
import { type Periodic, startPeriodic } from './periodic.ts'
import { Registration } from './registration/registration.ts'

/** What a frame may have besides the longest body: header and properties. */
const FRAME_OVERHEAD_BYTES = 256 * KIB

const SWEEP_MS = 1000

/** How far below its port a broker listens once more, for clients of old that send there (Java:
 *  `vipChannelEnabled`, MixAll.brokerVIPChannel). */
const SECOND_PORT_DISTANCE = 2

/** What a broker is given besides its settings. */
export interface BrokerExtras {
  /** Where the settings come from; changes by request are written there. @default none */
  readonly configFile?: BrokerConfigFile | undefined
  /** @default silent */
  readonly logger?: Logger | undefined
  /** As {@link ThreadedStoreOptions} has it. @default nobody */
  readonly onScanProgress?: ThreadedStoreOptions['onScanProgress']
}

/** A running broker. */
export class Broker extends Lifecycle {
  /** The settings as they are now: some may change while the broker runs. */
  readonly config: BrokerConfig
  readonly store: ThreadedStore
  readonly #settings: BrokerSettings
  readonly #logger: Logger
  readonly #client: RemotingClient
  readonly #periodics: Periodic[] = []
  #server: RemotingServer | undefined
  #parts: BrokerParts | undefined
  #registration: Registration | undefined

  /**
   * Opens the store, listens, and resolves when the broker is registered with its name servers or
   * has tried to.
   * @throws {StoreError} as {@link ThreadedStore.open}
   * @throws {RemotingError} `REMOTING_LISTEN_FAILED`
   */
  static async start(config: BrokerConfig, extras: BrokerExtras = {}): Promise<Broker> {
    const logger = extras.logger ?? silentLogger
    await assertListenable(config)
    const { onScanProgress } = extras
    const expire = config.store.expire ?? true
    const storeOptions = { ...config.store, expire, logger, onScanProgress }
    const store = await ThreadedStore.open(config.storeDirectory, storeOptions)
    const broker = new Broker(new BrokerSettings(config, extras.configFile), store, logger)
    try {
      await broker.#open()
    } catch (error) {
      await broker.close()
      throw error
    }
    return broker
  }

  private constructor(settings: BrokerSettings, store: ThreadedStore, logger: Logger) {
    super()
    this.#settings = settings
    this.config = settings.live
    this.store = this.attach(store)
    this.#logger = logger
    this.#client = this.attach(new RemotingClient({ logger }))
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#server?.port ?? 0
  }

  /** `host:port` that it listens on. */
  get listenAddress(): string {
    return this.#server?.address ?? ''
  }

  /** `host:port` under which it is registered with the name servers. */
  get address(): string {
    return formatAddress(this.config.brokerIP1, this.port)
  }

  /**
   * Calls `listener` with every topic that its first message makes here, which only this broker
   * then has.
   */
  onTopicMade(listener: (config: TopicConfig) => void): void {
    this.#parts?.topics.onMade(listener)
  }

  /** Makes a topic as another broker has made it, unless there is one of its name. */
  addTopic(config: TopicConfig): void {
    const topics = this.#parts?.topics
    if (topics === undefined || topics.find(config.topicName) !== undefined) return
    const { topicName, writeQueueNums } = config
    this.#logger.info(`topic ${topicName} with ${writeQueueNums} queues is made as elsewhere`)
    topics.put(config)
  }

  /** Children go in reverse: registration, server, capabilities, client, store. */
  protected override async drain(): Promise<void> {
    for (const periodic of this.#periodics) periodic.stop()
  }

  async #open(): Promise<void> {
    const { config } = this
    const fixedPort = config.listenPort
    this.#server = await this.#listen(fixedPort)
    this.#settings.listensOn(this.#server.port)
    // No connection is served before the next turn of the event loop, and by then all is here.
    const parts = new BrokerParts({
      settings: this.#settings,
      store: this.store,
      client: this.#client,
      logger: this.#logger,
      storeHost: hostOf(config.brokerIP1, this.port),
      address: this.address,
      registered: async () => this.#registration?.settled(),
    })
    this.#parts = this.attach(parts)
    this.attach(this.#server)
    if (fixedPort > SECOND_PORT_DISTANCE) await this.#listenBelow(fixedPort)
    const registration = await Registration.start({
      config,
      client: this.#client,
      brokerAddress: () => this.address,
      topics: parts.topics,
      logger: this.#logger,
    })
    this.#registration = this.attach(registration)
    this.#settings.onChange(() => registration.changed())
    this.#startPeriodics(parts)
    this.markOpen()
  }

  #listen(port: number): Promise<RemotingServer> {
    const { listenHost, idleMs } = this.config
    const { memory } = this.store.log
    const frameBytesMax = this.store.log.messageBytesMax + FRAME_OVERHEAD_BYTES
    const options = {
      host: listenHost,
      port,
      idleMs,
      frameBytesMax,
      allotBuffer: memory?.allot.bind(memory),
      sendRanges,
      logger: this.#logger,
    }
    return RemotingServer.listen(options, this.#routes())
  }

  /** Few clients need the second port: a broker goes without it where somebody else has it. */
  async #listenBelow(port: number): Promise<void> {
    try {
      this.attach(await this.#listen(port - SECOND_PORT_DISTANCE))
    } catch (error) {
      const consequence = 'clients with vipChannelEnabled do not reach this broker'
      this.#logger.warn(`${describeError(error)}: ${consequence}`)
    }
  }

  /** Routes that look for the capabilities at each request: they come after the port is known. */
  #routes(): RequestRoutes {
    return {
      route: (code) => this.#parts?.routes.get(code),
      hot: (frame, connection) => this.#parts?.hot(frame, connection) ?? HotOutcome.DECLINED,
      nameOf: (connection) => this.#parts?.nameOf(connection),
      onClose: (connection) => this.#parts?.connectionClosed(connection),
    }
  }

  #startPeriodics(parts: BrokerParts): void {
    const { flushConsumerOffsetIntervalMs, flushDelayOffsetIntervalMs } = this.config
    this.#periodics.push(
      startPeriodic(
        'saving tables',
        flushConsumerOffsetIntervalMs,
        () => parts.save(),
        this.#logger,
      ),
      startPeriodic(
        'saving delay offsets',
        flushDelayOffsetIntervalMs,
        () => parts.saveDelayOffsets(),
        this.#logger,
      ),
      startPeriodic('sweeping', SWEEP_MS, () => parts.sweep(Date.now()), this.#logger),
    )
  }
}

/**
 * A port that somebody else has ends the start before a store of gigabytes is made.
 * @throws {RemotingError} `REMOTING_LISTEN_FAILED`
 */
async function assertListenable({ listenHost, listenPort }: BrokerConfig): Promise<void> {
  if (listenPort === 0) return
  const probe = await RemotingServer.listen(
    { host: listenHost, port: listenPort },
    { route: () => undefined },
  )
  await probe.close()
}
