import type { Logger } from '../../engine/base/logger.ts'
import { silentLogger } from '../../engine/base/logger.ts'
import type { Connection } from '../remoting/connection.ts'
import { NameServerError } from './errors.ts'
import type { SettingName } from './setting-table.ts'
import { checkSetting, SETTING_NAMES } from './setting-table.ts'

/** Options of a name server. Names in parentheses are those of Java's properties. */
export interface NameServerOptions {
  /** Address to listen on (`bindAddress`, there all interfaces).
   *  @default 127.0.0.1 */
  readonly host?: string | undefined
  /** Port to listen on, 0 for a free one (`listenPort`).
   *  @default 9876 */
  readonly port?: number | undefined
  /** A connection without traffic for this long is closed, in milliseconds
   *  (`serverChannelMaxIdleTimeSeconds`).
   *  @default 120000 */
  readonly idleMs?: number | undefined
  /** File of the KV configs, read at start and written with every change (`kvConfigPath`).
   *  @default none: they are kept in memory */
  readonly kvConfigPath?: string | undefined
  /** File to which all settings are written when one is changed by a request (`configStorePath`).
   *  @default none: such changes last until the server closes */
  readonly configStorePath?: string | undefined
  /** How often to look for brokers that are not heard of any more, in milliseconds
   *  (`scanNotActiveBrokerInterval`).
   *  @default 5000 */
  readonly scanIntervalMs?: number | undefined
  /** Shows the lowest slave of a group whose master is gone as its master.
   *  @default false */
  readonly supportActingMaster?: boolean | undefined
  /** Tells the brokers of a group when its lowest broker id changes.
   *  @default false */
  readonly notifyMinBrokerIdChanged?: boolean | undefined
  /** Adds the queue list of namespace `ORDER_TOPIC_CONFIG` to routes.
   *  @default false */
  readonly orderMessageEnable?: boolean | undefined
  /** Answers a broker's registration with namespace `ORDER_TOPIC_CONFIG`.
   *  @default true */
  readonly returnOrderTopicConfigToBroker?: boolean | undefined
  /** Answers the list of all topics.
   *  @default true */
  readonly enableAllTopicList?: boolean | undefined
  /** Answers the other lists of topics.
   *  @default true */
  readonly enableTopicList?: boolean | undefined
  /** Answers no routes until `waitForServiceMs` after the start, when brokers had time to register.
   *  @default false */
  readonly needWaitForService?: boolean | undefined
  /** See `needWaitForService`, in milliseconds (`waitSecondsForService`).
   *  @default 45000 */
  readonly waitForServiceMs?: number | undefined
  /** Forgets the topics of a broker that its next registration does not carry.
   *  @default false */
  readonly deleteTopicWithBrokerRegistration?: boolean | undefined
  /** Settings that no request may change, by their names in Java.
   *  @default configBlackList, configStorePath, kvConfigPath */
  readonly configBlackList?: readonly string[] | undefined
  /** The address under which the peer of `connection` reaches the broker that registered as
   *  `brokerAddress`; asked for every broker address in an answer to a client.
   *  @default the registered address */
  readonly brokerAddressFor?: BrokerAddressFor | undefined
  /** @default silent */
  readonly logger?: Logger | undefined
}

export type BrokerAddressFor = (brokerAddress: string, connection: Connection) => string

type Optional = 'kvConfigPath' | 'configStorePath'
/** All settings as they are in force. */
export type NameServerConfig = Readonly<
  {
    [K in Exclude<keyof NameServerOptions, Optional>]-?: Exclude<NameServerOptions[K], undefined>
  } & {
    [K in Optional]: string | undefined
  }
>

export const NAME_SERVER_DEFAULTS: NameServerConfig = Object.freeze({
  host: '127.0.0.1',
  port: 9876,
  idleMs: 120_000,
  kvConfigPath: undefined,
  configStorePath: undefined,
  scanIntervalMs: 5_000,
  supportActingMaster: false,
  notifyMinBrokerIdChanged: false,
  orderMessageEnable: false,
  returnOrderTopicConfigToBroker: true,
  enableAllTopicList: true,
  enableTopicList: true,
  needWaitForService: false,
  waitForServiceMs: 45_000,
  deleteTopicWithBrokerRegistration: false,
  configBlackList: Object.freeze(['configBlackList', 'configStorePath', 'kvConfigPath']),
  brokerAddressFor: (brokerAddress: string) => brokerAddress,
  logger: silentLogger,
})

/**
 * `options` with the defaults for what is left out or undefined.
 * @throws {NameServerError} `NAMESRV_OPTION_INVALID`
 */
export function parseNameServerOptions(options: NameServerOptions): NameServerConfig {
  const given = Object.entries(options).filter(([name, value]) => {
    if (name in NAME_SERVER_DEFAULTS) return value !== undefined
    throw new NameServerError('NAMESRV_OPTION_INVALID', `there is no option ${name}`)
  })
  const config: NameServerConfig = Object.freeze({
    ...NAME_SERVER_DEFAULTS,
    ...Object.fromEntries(given),
  })
  for (const name of SETTING_NAMES) checkOption(config, name)
  return config
}

function checkOption(config: NameServerConfig, name: SettingName): void {
  const value = config[name]
  if (value === NAME_SERVER_DEFAULTS[name] || checkSetting(name, value)) return
  const message = `option ${name} cannot be ${String(value)}`
  throw new NameServerError('NAMESRV_OPTION_INVALID', message)
}
