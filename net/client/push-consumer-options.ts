import { KIB, MIB } from '../../engine/base/units.ts'
import { inNamespace, parseClientOptions } from './client-options.ts'
import {
  CONSUMER_DEFAULTS,
  type ConsumerOptions,
  checkConsumerConfig,
  consumerDefaultsFor,
} from './consumer-options.ts'
import type { ReceivedMessage } from './message.ts'
import type { MessageQueue } from './message-queue.ts'
import { type Filled, invalidOption, requireInteger, requirePositive } from './option-merge.ts'

/**
 * What a listener makes of messages. `'success'`: done. `'later'`: to be delivered again later.
 *
 * Where messages are consumed in order and the listener has set `context.autoCommit` to false,
 * `'success'` goes on to the next messages and leaves these undecided; `'commit'` is done with them
 * and with all before that are undecided, `'rollback'` takes all of those back, to be delivered
 * again in order after a pause. With `autoCommit`, both mean `'success'`, as in RocketMQ; where
 * messages are not consumed in order both mean `'later'`. RocketMQ: `ConsumeOrderlyStatus`.
 */
export type ConsumeResult = 'success' | 'later' | 'commit' | 'rollback'

/** What goes with the messages that a listener gets. */
export interface ConsumeContext {
  readonly queue: MessageQueue
  /** How long `'later'` is, set by the listener: 0 lets the broker choose, longer each time;
   *  1 and up is a level of the broker's table of delays; -1 means straight to the dead letters.
   *  Without meaning where messages are consumed in order. @default 0 */
  delayLevel: number
  /** How long the queue pauses after `'later'` where messages are consumed in order, set by the
   *  listener: 10 to 30,000 milliseconds, or -1, as it is at first, for the consumer's `suspendMs`.
   *  RocketMQ: `ConsumeOrderlyContext.suspendCurrentQueueTimeMillis`. */
  suspendMs: number
  /** Whether messages that are consumed in order count as soon as the listener has answered
   *  `'success'`, set by the listener in each call; otherwise only with `'commit'`. What is
   *  undecided counts as waiting, and is delivered again to whoever has the queue next.
   *  RocketMQ: `ConsumeOrderlyContext.autoCommit`. @default true */
  autoCommit: boolean
}

/**
 * In which order messages come to the listener. `'concurrently'`: many at the same time, and what
 * fails comes back later. `'orderly'`: those of one queue one after the other, in the order in
 * which they were stored, by one member of the group at a time; what fails is tried again in place.
 */
export type ConsumeMode = 'concurrently' | 'orderly'

/**
 * Handles messages: one of them, or up to `batchSizeMax` of one queue. A rejection, and anything
 * but `'success'`, means `'later'` for all of them. RocketMQ: `MessageListenerConcurrently`,
 * `MessageListenerOrderly`.
 */
export type MessageListener = (
  messages: readonly ReceivedMessage[],
  context: ConsumeContext,
) => Promise<ConsumeResult>

/** Options of a {@link PushConsumer}. */
export interface PushConsumerOptions extends ConsumerOptions {
  /** Called for every message; many calls may be in progress at once. */
  readonly onMessage: MessageListener
  /** In which order messages come to the listener. @default concurrently */
  readonly consumeMode?: ConsumeMode | undefined
  /** How long a queue pauses whose listener answered `'later'`, where messages are consumed in
   *  order; 10 to 30,000 milliseconds.
   *  @default 1000 (RocketMQ `suspendCurrentQueueTimeMillis`) */
  readonly suspendMs?: number | undefined
  /** How often the locks are renewed that consuming in order needs, in milliseconds.
   *  @default 20000 (RocketMQ `rocketmq.client.rebalance.lockInterval`) */
  readonly lockIntervalMs?: number | undefined
  /** How many calls of the listener may be in progress at once; in order, on as many queues.
   *  @default 20 (RocketMQ `consumeThreadMax`) */
  readonly consumeConcurrency?: number | undefined
  /** How many messages one call of the listener gets at most.
   *  @default 1 (RocketMQ `consumeMessageBatchMaxSize`) */
  readonly batchSizeMax?: number | undefined
  /** How many messages one pull brings at most. @default 32 (RocketMQ `pullBatchSize`) */
  readonly pullCountMax?: number | undefined
  /** How many bytes of messages one pull brings at most, if there are several.
   *  @default 262144 (RocketMQ `pullBatchSizeInBytes`) */
  readonly pullBytesMax?: number | undefined
  /** With offsets of one queue this far apart waiting, no more are pulled.
   *  @default 2000 (RocketMQ `consumeConcurrentlyMaxSpan`) */
  readonly queueSpanMax?: number | undefined
  /** With this many messages waiting, no more are pulled: each queue may hold an equal part; -1 is
   *  without such a bound. @default -1 (RocketMQ `pullThresholdForTopic`) */
  readonly totalCountMax?: number | undefined
  /** With this many bytes of messages waiting, no more are pulled: each queue may hold an equal
   *  part; -1 is without such a bound.
   *  @default -1 (RocketMQ `pullThresholdSizeForTopic`, in MiB) */
  readonly totalBytesMax?: number | undefined
  /** How long a call of the listener may take, in milliseconds. Messages of a call that takes
   *  longer are handed back to be delivered again, here or elsewhere; the call goes on, and what it
   *  answers does not count. Without meaning where messages are consumed in order.
   *  @default 900000 (RocketMQ `consumeTimeout`, in minutes) */
  readonly consumeTimeoutMs?: number | undefined
  /** How often a message is delivered again before it becomes a dead letter; -1 is 16 times, and
   *  where messages are consumed in order without end.
   *  @default -1 (RocketMQ `maxReconsumeTimes`) */
  readonly reconsumeTimesMax?: number | undefined
  /** How long a close waits for listeners that are at work, in milliseconds. @default 10000 */
  readonly closeTimeoutMs?: number | undefined
}

export type PushConsumerConfig = Filled<PushConsumerOptions>

export const PUSH_CONSUMER_DEFAULTS = Object.freeze({
  ...CONSUMER_DEFAULTS,
  consumeMode: 'concurrently',
  suspendMs: 1_000,
  lockIntervalMs: 20_000,
  consumeConcurrency: 20,
  batchSizeMax: 1,
  pullCountMax: 32,
  pullBytesMax: 256 * KIB,
  queueSpanMax: 2_000,
  totalCountMax: -1,
  totalBytesMax: -1,
  consumeTimeoutMs: 900_000,
  reconsumeTimesMax: -1,
  closeTimeoutMs: 10_000,
}) satisfies Partial<PushConsumerConfig>

const MINUTE_MS = 60_000
const CONSUME_MODES: ReadonlySet<unknown> = new Set<ConsumeMode>(['concurrently', 'orderly'])

/** How short and long a pause in place can be, in milliseconds
 *  (Java: ConsumeMessageOrderlyService.submitConsumeRequestLater). */
export const SUSPEND_MS_MIN = 10
export const SUSPEND_MS_MAX = 30_000
/** Java: DefaultMQPushConsumerImpl.getMaxReconsumeTimes and, in order, Integer.MAX_VALUE. */
const RECONSUME_TIMES_CONCURRENTLY = 16
const RECONSUME_TIMES_UNLIMITED = 0x7fff_ffff

/** What the bounds of a whole consumer are when there is none. */
export const UNLIMITED = -1

/** What administrators are told of a push consumer, by Java's names
 *  (Java: ConsumerRunningInfo, DefaultMQPushConsumer). */
export function pushPropertiesOf(config: PushConsumerConfig): ReadonlyMap<string, string> {
  const mibOf = (bytes: number): number =>
    bytes === UNLIMITED ? UNLIMITED : Math.floor(bytes / MIB)
  return new Map(
    Object.entries({
      PROP_CONSUMEORDERLY: String(config.consumeMode === 'orderly'),
      PROP_THREADPOOL_CORE_SIZE: String(config.consumeConcurrency),
      consumeThreadMax: String(config.consumeConcurrency),
      consumeMessageBatchMaxSize: String(config.batchSizeMax),
      consumeConcurrentlyMaxSpan: String(config.queueSpanMax),
      consumeTimeout: String(Math.ceil(config.consumeTimeoutMs / MINUTE_MS)),
      maxReconsumeTimes: String(config.reconsumeTimesMax),
      pullBatchSize: String(config.pullCountMax),
      pullBatchSizeInBytes: String(config.pullBytesMax),
      pullThresholdForTopic: String(config.totalCountMax),
      pullThresholdSizeForTopic: String(mibOf(config.totalBytesMax)),
      suspendCurrentQueueTimeMillis: String(config.suspendMs),
    }),
  )
}

/** How often a message is delivered again, -1 resolved. */
export function reconsumeTimesMaxOf(config: PushConsumerConfig): number {
  const { consumeMode, reconsumeTimesMax } = config
  if (reconsumeTimesMax >= 0) return reconsumeTimesMax
  return consumeMode === 'orderly' ? RECONSUME_TIMES_UNLIMITED : RECONSUME_TIMES_CONCURRENTLY
}

/** @throws {ClientError} `CLIENT_OPTION_INVALID` */
export function parsePushConsumerOptions(options: PushConsumerOptions): PushConsumerConfig {
  const defaults = consumerDefaultsFor(options, PUSH_CONSUMER_DEFAULTS)
  const config = inNamespace(parseClientOptions(options, defaults))
  checkConsumerConfig(config)
  requirePositive(config, [
    'consumeConcurrency',
    'batchSizeMax',
    'pullCountMax',
    'pullBytesMax',
    'queueSpanMax',
    'lockIntervalMs',
    'consumeTimeoutMs',
  ])
  for (const name of ['totalCountMax', 'totalBytesMax'] as const) {
    if (config[name] !== UNLIMITED) requireInteger(config, name, 1)
  }
  const { consumeMode } = config
  if (!CONSUME_MODES.has(consumeMode)) throw invalidOption('consumeMode', consumeMode)
  requireInteger(config, 'suspendMs', SUSPEND_MS_MIN, SUSPEND_MS_MAX)
  requireInteger(config, 'reconsumeTimesMax', -1, RECONSUME_TIMES_UNLIMITED)
  requireInteger(config, 'closeTimeoutMs', 0)
  if (typeof config.onMessage !== 'function') throw invalidOption('onMessage', config.onMessage)
  return config
}
