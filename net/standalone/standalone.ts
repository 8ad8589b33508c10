/** A name server and a broker in one process: to run, or to embed in a test. */
import { Lifecycle } from '../../engine/base/lifecycle.ts'
import { type Logger, silentLogger } from '../../engine/base/logger.ts'
import { Broker, type BrokerExtras } from '../broker/broker.ts'
import {
  type BrokerConfig,
  type BrokerConfigFile,
  type BrokerOptions,
  parseBrokerConfig,
} from '../broker/options/broker-config.ts'
import { NameServer } from '../namesrv/index.ts'
import { formatAddress } from '../remoting/address.ts'
import type { Connection } from '../remoting/connection.ts'
import { kvConfigPath } from './kv-config-path.ts'

/** Options of {@link startStandalone}. */
export interface StandaloneOptions {
  /**
   * Directory of the store, made when it is missing. @default 'agena-data' in the current folder
   */
  readonly dataDirectory?: string | undefined
  /** Address to listen on. @default '127.0.0.1' */
  readonly host?: string | undefined
  /** Port of the name server, 0 for a free one. @default 9876 */
  readonly namesrvPort?: number | undefined
  /** Port of the broker, 0 for a free one. @default 10911 */
  readonly brokerPort?: number | undefined
  /** Further options of the broker. @default {} */
  readonly broker?: BrokerOptions | undefined
  /** A `broker.conf` of RocketMQ. Options given here by name win over it. @default none */
  readonly configFile?: BrokerConfigFile | undefined
  /** `key=value` by RocketMQ's names; these win over everything else. @default [] */
  readonly overrides?: readonly string[] | undefined
  /** @default silent */
  readonly logger?: Logger | undefined
  /** Hears how far a start is that has much of a log to scan. @default nobody */
  readonly onScanProgress?: BrokerExtras['onScanProgress']
}

const DATA_DIRECTORY_DEFAULT = 'agena-data'
const NAME_SERVER_PORT_DEFAULT = 9876

/** A running name server with one broker. */
export class Standalone extends Lifecycle {
  readonly nameServer: NameServer
  readonly broker: Broker

  constructor(nameServer: NameServer, broker: Broker) {
    super()
    this.nameServer = this.attach(nameServer)
    this.broker = this.attach(broker)
    this.markOpen()
  }

  /** `host:port` of the name server: what clients are given. */
  get nameServerAddress(): string {
    return this.nameServer.address
  }

  /** `host:port` of the broker. */
  get brokerAddress(): string {
    return this.broker.listenAddress
  }

  /** Where the store and the broker's tables lie. */
  get dataDirectory(): string {
    return this.broker.config.storeDirectory
  }

  /** The broker is closed first, so that it can say good-bye to the name server. */
  protected override async drain(): Promise<void> {
    await this.broker.close()
  }
}

/**
 * Starts both; resolves when clients can send and consume.
 * @throws {BrokerOptionError} `BROKER_OPTION_INVALID`
 * @throws {StoreError} `STORE_LOCKED`, `STORE_DIRECTORY_UNUSABLE`, `STORE_DISK_FULL` …
 * @throws {RemotingError} `REMOTING_LISTEN_FAILED` for a port that is taken
 */
export async function startStandalone(options: StandaloneOptions = {}): Promise<Standalone> {
  const logger = options.logger ?? silentLogger
  const { config, warnings } = parseBrokerConfig({
    defaults: { storeDirectory: DATA_DIRECTORY_DEFAULT, ...options.broker },
    file: options.configFile,
    overrides: [...namedOverrides(options), ...(options.overrides ?? [])],
  })
  for (const warning of warnings) logger.warn(warning)
  const registered: RegisteredBroker = { config, broker: undefined }
  const nameServer = await NameServer.start({
    host: config.listenHost,
    port: options.namesrvPort ?? NAME_SERVER_PORT_DEFAULT,
    kvConfigPath: kvConfigPath(config.storeDirectory),
    logger,
    brokerAddressFor: (address, connection) => addressFor(registered, address, connection),
  })
  try {
    const namesrvAddresses = [nameServer.address, ...config.namesrvAddresses]
    const { configFile, onScanProgress } = options
    const extras = { logger, configFile, onScanProgress }
    registered.broker = await Broker.start({ ...config, namesrvAddresses }, extras)
    return new Standalone(nameServer, registered.broker)
  } catch (error) {
    await nameServer.close()
    throw error
  }
}

interface RegisteredBroker {
  readonly config: BrokerConfig
  broker: Broker | undefined
}

/**
 * With `brokerIP1=auto` each client is given the address by which it reached the name server: the
 * broker listens on the same.
 */
function addressFor(
  { config, broker }: RegisteredBroker,
  address: string,
  connection: Connection,
): string {
  const isOwn = config.isBrokerIP1Auto && broker !== undefined && address === broker.address
  return isOwn ? formatAddress(connection.localHost, broker.port) : address
}

function namedOverrides({ dataDirectory, host, brokerPort }: StandaloneOptions): string[] {
  const overrides: string[] = []
  if (dataDirectory !== undefined) overrides.push(`storePathRootDir=${dataDirectory}`)
  if (host !== undefined) overrides.push(`bindAddress=${host}`)
  if (brokerPort !== undefined) overrides.push(`listenPort=${brokerPort}`)
  return overrides
}
