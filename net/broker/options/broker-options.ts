import { MIB } from '../../../engine/base/units.ts'
import type { StoreOptions } from '../../../engine/store/store-options.ts'

/** How a broker runs. Every field has a default; an explicit `undefined` keeps it. */
export interface BrokerOptions {
  /** Name that this broker shares with its replicas (`brokerName`).
   *  @default the host's name, DEFAULT_BROKER where it has none */
  readonly brokerName?: string | undefined
  /** Name of the cluster (`brokerClusterName`).
   *  @default 'DefaultCluster' */
  readonly clusterName?: string | undefined
  /** 0 is the master of its name, the only one that there is yet (`brokerId`).
   *  @default 0 */
  readonly brokerId?: number | undefined
  /** Part that this broker has in replication (`brokerRole`).
   *  @default 'ASYNC_MASTER' */
  readonly brokerRole?: 'ASYNC_MASTER' | undefined
  /** Address under which clients reach the broker, also in the ids of its messages (`brokerIP1`).
   *  `auto`: the name server of the same process gives each client the one by which that client
   *  reached it, and message ids have the default.
   *  @default `listenHost`; where that is every address, the first that is not a loopback's */
  readonly brokerIP1?: string | undefined
  /** Address under which replicas reach the broker (`brokerIP2`).
   *  @default as of `brokerIP1` */
  readonly brokerIP2?: string | undefined
  /** Address to listen on (`bindAddress`). RocketMQ listens on all of them, 0.0.0.0.
   *  @default '127.0.0.1' */
  readonly listenHost?: string | undefined
  /** Port for clients, 0 for a free one (`listenPort`).
   *  @default 10911 */
  readonly listenPort?: number | undefined
  /** Port for replicas, 0 for the one after `listenPort` (`haListenPort`).
   *  @default 0 */
  readonly haListenPort?: number | undefined
  /** Name servers as `host:port` (`namesrvAddr`).
   *  @default [] */
  readonly namesrvAddresses?: readonly string[] | undefined
  /** Directory of the store and of the broker's tables (`storePathRootDir`).
   *  @default `store` in the user's home */
  readonly storeDirectory?: string | undefined
  /** How the store is kept. A broker's store expires unless it says `expire: false`.
   *  @default {} */
  readonly store?: StoreOptions | undefined
  /** A message to a topic that does not exist makes it (`autoCreateTopicEnable`).
   *  @default true */
  readonly autoCreateTopicEnable?: boolean | undefined
  /** A consumer of a group that does not exist makes it (`autoCreateSubscriptionGroup`).
   *  @default true */
  readonly autoCreateSubscriptionGroup?: boolean | undefined
  /** Queues of the topic from which made topics take theirs (`defaultTopicQueueNums`).
   *  @default 8 */
  readonly defaultTopicQueueNums?: number | undefined
  /** What clients may do with any topic: 4 to read, 2 to write, added (`brokerPermission`).
   *  @default 6 */
  readonly brokerPermission?: number | undefined
  /** A pull that finds nothing waits for as long as the client asks (`longPollingEnable`).
   *  @default true */
  readonly longPollingEnable?: boolean | undefined
  /** Without long polling, the wait of such a pull, in milliseconds (`shortPollingTimeMills`).
   *  @default 1000 */
  readonly shortPollingTimeMs?: number | undefined
  /** Resets a group's offsets in the broker, which tells its consumers at their next pull;
   *  otherwise connected consumers are told to reset them (`useServerSideResetOffset`).
   *  @default true */
  readonly useServerSideResetOffset?: boolean | undefined
  /** Shares out the queues of a topic for clients that ask which are theirs; otherwise each gets
   *  all of them (`serverLoadBalancerEnable`).
   *  @default true */
  readonly serverLoadBalancerEnable?: boolean | undefined
  /** Stores replies, besides handing them to whoever asked (`storeReplyMessageEnable`).
   *  @default true */
  readonly storeReplyMessageEnable?: boolean | undefined
  /** Region that a send's answer and a message's trace carry (`regionId`).
   *  @default 'DefaultRegion' */
  readonly regionId?: string | undefined
  /** Tells clients to trace their messages (`traceOn`).
   *  @default true */
  readonly traceOn?: boolean | undefined
  /** Makes the topic for traces at start (`traceTopicEnable`).
   *  @default false */
  readonly traceTopicEnable?: boolean | undefined
  /** The topic for traces (`msgTraceTopicName`).
   *  @default 'RMQ_SYS_TRACE_TOPIC' */
  readonly msgTraceTopicName?: string | undefined
  /** Refuses transactional messages (`rejectTransactionMessage`).
   *  @default false */
  readonly rejectTransactionMessage?: boolean | undefined
  /** Consumers may filter messages by their properties, in SQL92 (`enablePropertyFilter`, which is
   *  false in RocketMQ).
   *  @default true */
  readonly enablePropertyFilter?: boolean | undefined
  /** A topic may be for messages of all types, `+message.type=MIXED` (`enableMixedMessageType`).
   *  @default false */
  readonly enableMixedMessageType?: boolean | undefined
  /** Refuses sends that have waited too long, with SYSTEM_BUSY and the cause; otherwise they wait
   *  for as long as it takes (`brokerFastFailureEnable`).
   *  @default true */
  readonly brokerFastFailureEnable?: boolean | undefined
  /** How long a send may wait to be taken, in milliseconds (`waitTimeMillsInSendQueue`, 200 in
   *  RocketMQ).
   *  @default 1000 */
  readonly waitTimeInSendQueueMs?: number | undefined
  /** With so many sends waiting for the disk, with a sync flush, no more are taken until some are
   *  answered (`sendThreadPoolQueueCapacity`).
   *  @default 10000 */
  readonly sendThreadPoolQueueCapacity?: number | undefined
  /** The same by bytes that are written and not flushed; one connection may have a quarter of it
   *  (`sendBytesWaitingMax`, which RocketMQ does not have).
   *  @default 134217728 */
  readonly sendBytesWaitingMax?: number | undefined
  /** Time between two writes of the consumers' offsets, in milliseconds
   *  (`flushConsumerOffsetInterval`).
   *  @default 5000 */
  readonly flushConsumerOffsetIntervalMs?: number | undefined
  /** Time between two writes of how far delayed delivery has come, in milliseconds
   *  (`flushDelayOffsetInterval`, 10,000 in RocketMQ): what was delivered since the last is
   *  delivered again after a kill.
   *  @default 1000 */
  readonly flushDelayOffsetIntervalMs?: number | undefined
  /** Time between two registrations with the name servers, in milliseconds, of which 60,000 are the
   *  most that count (`registerNameServerPeriod`).
   *  @default 30000 */
  readonly registerIntervalMs?: number | undefined
  /** How long a registration waits for its answer, in milliseconds (`registerBrokerTimeoutMills`).
   *  @default 24000 */
  readonly registerTimeoutMs?: number | undefined
  /** Registers at every interval; otherwise only with a name server that knows other topics
   *  (`forceRegister`).
   *  @default true */
  readonly forceRegister?: boolean | undefined
  /** Deflates registrations, which the name servers of old understand too (`compressedRegister`).
   *  @default false */
  readonly compressedRegister?: boolean | undefined
  /** A connection without traffic for this long is closed, in milliseconds
   *  (`serverChannelMaxIdleTimeSeconds`).
   *  @default 120000 */
  readonly idleMs?: number | undefined
  /** A client without a heartbeat for this long is forgotten, in milliseconds
   *  (`channelExpiredTimeout`).
   *  @default 120000 */
  readonly clientExpiryMs?: number | undefined
  /** Settings that no request may change, by their names in Java (`configBlackList`).
   *  @default ['configBlackList', 'brokerConfigPath'] */
  readonly configBlackList?: readonly string[] | undefined
}

/** {@link BrokerOptions} with every field present and checked. */
export type BrokerConfig = {
  readonly [Name in keyof BrokerOptions]-?: Exclude<BrokerOptions[Name], undefined>
} & {
  /** Whether `brokerIP1` was given as `auto`. */
  readonly isBrokerIP1Auto: boolean
}

/** Fields whose default depends on the host or on another field. */
export type DerivedField = 'brokerName' | 'brokerIP1' | 'brokerIP2' | 'storeDirectory'

export const BROKER_DEFAULTS = Object.freeze({
  clusterName: 'DefaultCluster',
  brokerId: 0,
  brokerRole: 'ASYNC_MASTER',
  listenHost: '127.0.0.1',
  listenPort: 10_911,
  haListenPort: 0,
  namesrvAddresses: Object.freeze([] as string[]),
  store: Object.freeze({}),
  autoCreateTopicEnable: true,
  autoCreateSubscriptionGroup: true,
  defaultTopicQueueNums: 8,
  brokerPermission: 6,
  longPollingEnable: true,
  shortPollingTimeMs: 1_000,
  useServerSideResetOffset: true,
  serverLoadBalancerEnable: true,
  storeReplyMessageEnable: true,
  regionId: 'DefaultRegion',
  traceOn: true,
  traceTopicEnable: false,
  msgTraceTopicName: 'RMQ_SYS_TRACE_TOPIC',
  rejectTransactionMessage: false,
  enablePropertyFilter: true,
  enableMixedMessageType: false,
  brokerFastFailureEnable: true,
  waitTimeInSendQueueMs: 1_000,
  sendThreadPoolQueueCapacity: 10_000,
  sendBytesWaitingMax: 128 * MIB,
  flushConsumerOffsetIntervalMs: 5_000,
  flushDelayOffsetIntervalMs: 1_000,
  registerIntervalMs: 30_000,
  registerTimeoutMs: 24_000,
  forceRegister: true,
  compressedRegister: false,
  idleMs: 120_000,
  clientExpiryMs: 120_000,
  configBlackList: Object.freeze(['configBlackList', 'brokerConfigPath']),
} as const) satisfies Required<Omit<BrokerOptions, DerivedField>>
