/**
 * The settings of a broker by Java's names (BrokerConfig, MessageStoreConfig, NettyServerConfig)
 * and by ours, which state their units: one row each.
 */
import { parseHoursOfDay } from '../../../engine/store/hours-of-day.ts'
import type { StoreOptions } from '../../../engine/store/store-options.ts'
import { parseStoreOptions, STORE_BOUNDS } from '../../../engine/store/store-options.ts'
import type { BrokerConfig, BrokerOptions } from './broker-options.ts'
import type { SettingKind } from './setting-kinds.ts'
import {
  addresses,
  choice,
  flag,
  host,
  hours,
  milliseconds,
  name,
  names,
  only,
  port,
  seconds,
  text,
  wholeNumber,
} from './setting-kinds.ts'

export type BrokerField = Exclude<keyof BrokerOptions, 'store'>
export type StoreField = keyof StoreOptions

interface Row {
  readonly kind: SettingKind
  /** A change counts while the broker runs. */
  readonly isLive: boolean
}

/** A setting of the broker or, where `field` is undefined, of its store. */
export interface Setting extends Row {
  /** Its name in Java. */
  readonly key: string
  readonly field: BrokerField | undefined
  readonly storeField: StoreField | undefined
}

const NO_REPLICATION = 'replication is not supported yet'
/** All bits of Java's PermName: priority, read, write, inherit. */
const PERMISSION_MAX = 15

const BROKER_SETTINGS: Readonly<Record<BrokerField, readonly [key: string, row: Row]>> = {
  brokerName: ['brokerName', fixed(name)],
  clusterName: ['brokerClusterName', fixed(name)],
  brokerId: ['brokerId', fixed(only('0', 0, NO_REPLICATION))],
  brokerRole: ['brokerRole', fixed(only('ASYNC_MASTER', 'ASYNC_MASTER', NO_REPLICATION))],
  brokerIP1: ['brokerIP1', fixed(host)],
  brokerIP2: ['brokerIP2', fixed(host)],
  listenHost: ['bindAddress', fixed(host)],
  listenPort: ['listenPort', fixed(port)],
  haListenPort: ['haListenPort', fixed(port)],
  namesrvAddresses: ['namesrvAddr', live(addresses)],
  storeDirectory: ['storePathRootDir', fixed(text)],
  autoCreateTopicEnable: ['autoCreateTopicEnable', live(flag)],
  autoCreateSubscriptionGroup: ['autoCreateSubscriptionGroup', live(flag)],
  defaultTopicQueueNums: ['defaultTopicQueueNums', fixed(wholeNumber(1))],
  brokerPermission: ['brokerPermission', live(wholeNumber(0, PERMISSION_MAX))],
  longPollingEnable: ['longPollingEnable', live(flag)],
  shortPollingTimeMs: ['shortPollingTimeMills', live(milliseconds)],
  useServerSideResetOffset: ['useServerSideResetOffset', live(flag)],
  serverLoadBalancerEnable: ['serverLoadBalancerEnable', live(flag)],
  storeReplyMessageEnable: ['storeReplyMessageEnable', live(flag)],
  regionId: ['regionId', fixed(name)],
  traceOn: ['traceOn', fixed(flag)],
  traceTopicEnable: ['traceTopicEnable', fixed(flag)],
  msgTraceTopicName: ['msgTraceTopicName', fixed(name)],
  rejectTransactionMessage: ['rejectTransactionMessage', fixed(flag)],
  enablePropertyFilter: ['enablePropertyFilter', live(flag)],
  enableMixedMessageType: ['enableMixedMessageType', live(flag)],
  brokerFastFailureEnable: ['brokerFastFailureEnable', live(flag)],
  waitTimeInSendQueueMs: ['waitTimeMillsInSendQueue', live(milliseconds)],
  sendThreadPoolQueueCapacity: ['sendThreadPoolQueueCapacity', live(wholeNumber(1))],
  sendBytesWaitingMax: ['sendBytesWaitingMax', live(wholeNumber(1))],
  flushConsumerOffsetIntervalMs: ['flushConsumerOffsetInterval', fixed(milliseconds)],
  flushDelayOffsetIntervalMs: ['flushDelayOffsetInterval', fixed(milliseconds)],
  registerIntervalMs: ['registerNameServerPeriod', live(milliseconds)],
  registerTimeoutMs: ['registerBrokerTimeoutMills', live(milliseconds)],
  forceRegister: ['forceRegister', live(flag)],
  compressedRegister: ['compressedRegister', live(flag)],
  idleMs: ['serverChannelMaxIdleTimeSeconds', fixed(seconds)],
  clientExpiryMs: ['channelExpiredTimeout', fixed(milliseconds)],
  configBlackList: ['configBlackList', fixed(names)],
}

/** What Java has no word for has no row, or one with our own name, see {@link OWN_KEYS}. */
const STORE_SETTINGS: Readonly<Partial<Record<StoreField, readonly [key: string, row: Row]>>> = {
  flush: ['flushDiskType', fixed(choice({ ASYNC_FLUSH: 'async', SYNC_FLUSH: 'sync' }))],
  segmentBytes: ['mappedFileSizeCommitLog', bounded('segmentBytes')],
  consumeQueueFileBytes: ['mappedFileSizeConsumeQueue', bounded('consumeQueueFileBytes')],
  index: ['messageIndexEnable', fixed(flag)],
  indexSlotCount: ['maxHashSlotNum', bounded('indexSlotCount')],
  indexEntryCount: ['maxIndexNum', bounded('indexEntryCount')],
  messageBytesMax: ['maxMessageSize', bounded('messageBytesMax')],
  flushIntervalMs: ['flushIntervalCommitLog', bounded('flushIntervalMs')],
  flushPageCountMin: ['flushCommitLogLeastPages', bounded('flushPageCountMin')],
  flushThoroughIntervalMs: ['flushCommitLogThoroughInterval', bounded('flushThoroughIntervalMs')],
  syncFlushTimeoutMs: ['syncFlushTimeout', bounded('syncFlushTimeoutMs')],
  queueFlushIntervalMs: ['flushIntervalConsumeQueue', bounded('queueFlushIntervalMs')],
  queueFlushPageCountMin: ['flushConsumeQueueLeastPages', bounded('queueFlushPageCountMin')],
  queueFlushThoroughIntervalMs: [
    'flushConsumeQueueThoroughInterval',
    bounded('queueFlushThoroughIntervalMs'),
  ],
  blockHashBytesPerSecond: ['blockHashBytesPerSecond', bounded('blockHashBytesPerSecond')],
  scrubBytesPerSecond: ['scrubBytesPerSecond', bounded('scrubBytesPerSecond')],
  scrubIntervalMs: ['scrubIntervalMs', bounded('scrubIntervalMs')],
  fileReservedMs: ['fileReservedTime', fixed(hours)],
  deleteWhen: [
    'deleteWhen',
    fixed({ ...text, expected: 'hours of the day such as 04 or 04;16', accepts: areHours }),
  ],
  diskMaxUsedPercent: ['diskMaxUsedSpaceRatio', bounded('diskMaxUsedPercent')],
  diskCleanForciblyPercent: ['diskSpaceCleanForciblyRatio', bounded('diskCleanForciblyPercent')],
  diskWarningLevelPercent: ['diskSpaceWarningLevelRatio', bounded('diskWarningLevelPercent')],
  cleanFileForcibly: ['cleanFileForciblyEnable', fixed(flag)],
  diskFreeBytesMin: ['diskFreeBytesMin', bounded('diskFreeBytesMin')],
  cleanResourceIntervalMs: ['cleanResourceInterval', bounded('cleanResourceIntervalMs')],
  deleteSegmentIntervalMs: ['deleteCommitLogFilesInterval', bounded('deleteSegmentIntervalMs')],
  releaseSegmentMs: ['destroyMapedFileIntervalForcibly', bounded('releaseSegmentMs')],
  delayLevels: [
    'messageDelayLevel',
    fixed({ ...text, expected: 'delays such as 1s 5m 1h', accepts: areDelayLevels }),
  ],
  onCorruption: ['onCorruption', fixed(choice({ refuse: 'refuse', cut: 'cut' }))],
}

/** Settings that RocketMQ does not have, told in net/README.md. */
export const OWN_KEYS: ReadonlySet<string> = new Set([
  'blockHashBytesPerSecond',
  'scrubBytesPerSecond',
  'scrubIntervalMs',
  'onCorruption',
  'diskFreeBytesMin',
  'sendBytesWaitingMax',
])

/** Settings of RocketMQ that have no meaning here, and why. */
export const MEANINGLESS_KEYS: ReadonlyMap<string, string> = new Map([
  [
    'osPageCacheBusyTimeOutMills',
    'one thread writes, and no send waits for a lock of its; see sendBytesWaitingMax',
  ],
])

/** Every setting, by Java's name. */
export const SETTINGS: ReadonlyMap<string, Setting> = new Map([
  ...Object.entries(BROKER_SETTINGS).map(([field, [key, row]]): [string, Setting] => {
    return [key, { ...row, key, field: field as BrokerField, storeField: undefined }]
  }),
  ...Object.entries(STORE_SETTINGS).map(([field, [key, row]]): [string, Setting] => {
    return [key, { ...row, key, field: undefined, storeField: field as StoreField }]
  }),
])

/** The setting behind a field of {@link BrokerOptions}. */
export function brokerSetting(field: BrokerField): Setting {
  const [key, row] = BROKER_SETTINGS[field]
  return { ...row, key, field, storeField: undefined }
}

/** The settings in force by Java's names, sorted: the body of GET_BROKER_CONFIG (26). */
export function settingsOf(config: BrokerConfig): Map<string, string> {
  const store = parseStoreOptions(config.store)
  const entries = [...SETTINGS.values()].map(({ key, kind, field, storeField }) => {
    const value = field === undefined ? store[storeField as StoreField] : config[field]
    return [key, kind.write(value as never)] as const
  })
  const settings = new Map(entries.sort(([left], [right]) => (left < right ? -1 : 1)))
  if (config.isBrokerIP1Auto) settings.set('brokerIP1', AUTO)
  return settings
}

/** The value of `brokerIP1` that leaves the address to each client's way. */
export const AUTO = 'auto'

function fixed(kind: SettingKind): Row {
  return { kind, isLive: false }
}

function live(kind: SettingKind): Row {
  return { kind, isLive: true }
}

function bounded(field: keyof typeof STORE_BOUNDS): Row {
  const [least, most] = STORE_BOUNDS[field]
  return fixed(wholeNumber(least, most))
}

function areHours(value: unknown): boolean {
  return typeof value === 'string' && parseHoursOfDay(value) !== undefined
}

function areDelayLevels(value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    parseStoreOptions({ delayLevels: value })
    return true
  } catch {
    // The store's own reader is the check, and its refusal the answer.
    return false
  }
}
