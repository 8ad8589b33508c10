import { KIB } from '../../engine/base/units.ts'
import { parseClientOptions } from './client-options.ts'
import { CONSUMER_DEFAULTS, type ConsumerOptions, checkConsumerConfig } from './consumer-options.ts'
import type { ReceivedMessage } from './message.ts'
import type { MessageQueue } from './message-queue.ts'
import { type Filled, invalidOption, requireInteger, requirePositive } from './option-merge.ts'

/** What a listener makes of messages: done, or to be delivered again later. */
export type ConsumeResult = 'success' | 'later'

/** What goes with the messages that a listener gets. */
export interface ConsumeContext {
  readonly queue: MessageQueue
  /** How long `'later'` is, set by the listener: 0 lets the broker choose, longer each time;
   *  1 and up is a level of the broker's table of delays; -1 means straight to the dead letters.
   *  @default 0 */
  delayLevel: number
}

/**
 * Handles messages: one of them, or up to `batchSizeMax` of one queue. A rejection, and anything
 * but `'success'`, means `'later'` for all of them.
 */
export type MessageListener = (
  messages: readonly ReceivedMessage[],
  context: ConsumeContext,
) => Promise<ConsumeResult>

/** Options of a {@link PushConsumer}. */
export interface PushConsumerOptions extends ConsumerOptions {
  /** Called for every message; many calls may be in progress at once. */
  readonly onMessage: MessageListener
  /** How many calls of the listener may be in progress at once.
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
  /** How often a message is delivered again before it becomes a dead letter.
   *  @default 16 (RocketMQ `maxReconsumeTimes`) */
  readonly reconsumeTimesMax?: number | undefined
  /** How long a close waits for listeners that are at work, in milliseconds. @default 10000 */
  readonly closeTimeoutMs?: number | undefined
}

export type PushConsumerConfig = Filled<PushConsumerOptions>

export const PUSH_CONSUMER_DEFAULTS = Object.freeze({
  ...CONSUMER_DEFAULTS,
  consumeConcurrency: 20,
  batchSizeMax: 1,
  pullCountMax: 32,
  pullBytesMax: 256 * KIB,
  queueSpanMax: 2_000,
  reconsumeTimesMax: 16,
  closeTimeoutMs: 10_000,
}) satisfies Partial<PushConsumerConfig>

/** @throws {ClientError} `CLIENT_OPTION_INVALID` */
export function parsePushConsumerOptions(options: PushConsumerOptions): PushConsumerConfig {
  const config = parseClientOptions(options, PUSH_CONSUMER_DEFAULTS)
  checkConsumerConfig(config)
  requirePositive(config, [
    'consumeConcurrency',
    'batchSizeMax',
    'pullCountMax',
    'pullBytesMax',
    'queueSpanMax',
  ])
  requireInteger(config, 'reconsumeTimesMax', 0)
  requireInteger(config, 'closeTimeoutMs', 0)
  if (typeof config.onMessage !== 'function') throw invalidOption('onMessage', config.onMessage)
  return config
}
