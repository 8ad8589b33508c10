/** What a consumer tells administrators about itself, in Java's terms. */

import { MIB } from '../../engine/base/units.ts'
import type { ProcessQueueInfo } from '../protocol/consumer-running-info.ts'
import type { ConsumerConfig } from './consumer-options.ts'
import { consumeFromWhereOf } from './start-offset.ts'

/** The version whose behaviour this side has (Java: MQVersion.getVersionDesc). */
const VERSION_TEXT = 'V5_5_0'

/** Messages of one queue that are pulled and not done with. */
export interface CachedMessages {
  readonly count: number
  readonly bytes: number
  /** The first and the last offset; 0 when there is none. */
  readonly minOffset: number
  readonly maxOffset: number
  /** When one of them was given out or done with last, in ms since 1970. */
  readonly lastConsumeAtMs: number
}

/** What else is known of a queue. */
export interface QueueState {
  readonly commitOffset: number
  readonly lastPullAtMs: number
  readonly isLocked: boolean
  readonly lastLockAtMs: number
}

export function processQueueInfoOf(cached: CachedMessages, state: QueueState): ProcessQueueInfo {
  return {
    cachedMsgCount: cached.count,
    cachedMsgMaxOffset: cached.maxOffset,
    cachedMsgMinOffset: cached.minOffset,
    cachedMsgSizeInMiB: Math.floor(cached.bytes / MIB),
    commitOffset: state.commitOffset,
    droped: false,
    lastConsumeTimestamp: cached.lastConsumeAtMs,
    lastLockTimestamp: state.lastLockAtMs,
    lastPullTimestamp: state.lastPullAtMs,
    locked: state.isLocked,
    transactionMsgCount: 0,
    transactionMsgMaxOffset: 0,
    transactionMsgMinOffset: 0,
    tryUnlockTimes: 0,
  }
}

/** The properties that every consumer has, by Java's names
 *  (Java: ConsumerRunningInfo, DefaultMQPushConsumer, DefaultLitePullConsumer). */
export function commonPropertiesOf(
  config: ConsumerConfig,
  facts: { readonly consumeType: string; readonly startedAtMs: number },
): ReadonlyMap<string, string> {
  return new Map(
    Object.entries({
      PROP_NAMESERVER_ADDR: config.nameServers.map((address) => `${address};`).join(''),
      PROP_CONSUME_TYPE: facts.consumeType,
      PROP_CLIENT_VERSION: VERSION_TEXT,
      PROP_CONSUMER_START_TIMESTAMP: String(facts.startedAtMs),
      consumerGroup: config.group,
      instanceName: config.instanceName,
      clientIP: config.clientIp,
      messageModel: config.messageModel.toUpperCase(),
      consumeFromWhere: consumeFromWhereOf(config.consumeFrom),
      allocateMessageQueueStrategy: config.allocateStrategy.name,
      pullThresholdForQueue: String(config.queueCountMax),
      pullThresholdSizeForQueue: String(Math.floor(config.queueBytesMax / MIB)),
      pollNameServerInterval: String(config.routeIntervalMs),
      heartbeatBrokerInterval: String(config.heartbeatIntervalMs),
      persistConsumerOffsetInterval: String(config.persistIntervalMs),
      mqClientApiTimeout: String(config.requestTimeoutMs),
    }),
  )
}
