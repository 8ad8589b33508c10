import { inNamespace, parseClientOptions } from './client-options.ts'
import {
  CONSUMER_DEFAULTS,
  type ConsumerOptions,
  checkConsumerConfig,
  consumerDefaultsFor,
} from './consumer-options.ts'
import { type Filled, requirePositive } from './option-merge.ts'

/** Options of a {@link LitePullConsumer}. */
export interface LitePullConsumerOptions extends ConsumerOptions {
  /** Whether offsets are committed by themselves. Otherwise only `commit()` does.
   *  @default true (RocketMQ `autoCommit`) */
  readonly autoCommit?: boolean | undefined
  /** How many messages one pull brings at most. @default 10 (RocketMQ `pullBatchSize`) */
  readonly pullCountMax?: number | undefined
  /** With this many messages of all queues waiting, no more are pulled.
   *  @default 10000 (RocketMQ `pullThresholdForAll`) */
  readonly totalCountMax?: number | undefined
}

export type LitePullConsumerConfig = Filled<LitePullConsumerOptions>

export const LITE_PULL_CONSUMER_DEFAULTS = Object.freeze({
  ...CONSUMER_DEFAULTS,
  autoCommit: true,
  pullCountMax: 10,
  totalCountMax: 10_000,
}) satisfies Partial<LitePullConsumerConfig>

/** @throws {ClientError} `CLIENT_OPTION_INVALID` */
export function parseLitePullConsumerOptions(
  options: LitePullConsumerOptions,
): LitePullConsumerConfig {
  const defaults = consumerDefaultsFor(options, LITE_PULL_CONSUMER_DEFAULTS)
  const config = inNamespace(parseClientOptions(options, defaults))
  checkConsumerConfig(config)
  requirePositive(config, ['pullCountMax', 'totalCountMax'])
  return config
}

/** How {@link LitePullConsumer.poll} waits and how much it takes. */
export interface PollOptions {
  /** How long to wait when nothing is there, in milliseconds.
   *  @default 5000 (RocketMQ `pollTimeoutMillis`) */
  readonly timeoutMs?: number | undefined
  /** How many messages to take at most. @default what one pull brought */
  readonly countMax?: number | undefined
}

export const POLL_TIMEOUT_MS = 5_000
