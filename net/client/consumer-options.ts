import { MIB } from '../../engine/base/units.ts'
import { CLIENT_DEFAULTS, type ClientOptions } from './client-options.ts'
import { type Filled, invalidOption, requirePositive } from './option-merge.ts'
import { checkGroup } from './resource-name.ts'
import type { ConsumeFrom } from './start-offset.ts'
import type { Filter } from './subscription.ts'

/** What every consumer can be told. */
export interface ConsumerOptions extends ClientOptions {
  /** Names the consumers that share the messages; at most 120 characters. */
  readonly group: string
  /** What to consume, by topic. More can be subscribed to later. @default nothing */
  readonly subscriptions?: Readonly<Record<string, Filter>> | undefined
  /** Where the group begins in a queue in which it has stored no offset yet.
   *  @default last (RocketMQ `consumeFromWhere`) */
  readonly consumeFrom?: ConsumeFrom | undefined
  /** How often the queues are divided anew, besides at once when something changes, in ms.
   *  @default 20000 (RocketMQ `rocketmq.client.rebalance.waitInterval`) */
  readonly rebalanceIntervalMs?: number | undefined
  /** How often offsets are stored at the brokers, in milliseconds.
   *  @default 5000 (RocketMQ `persistConsumerOffsetInterval`) */
  readonly persistIntervalMs?: number | undefined
  /** With this many messages of one queue waiting, no more are pulled.
   *  @default 1000 (RocketMQ `pullThresholdForQueue`) */
  readonly queueCountMax?: number | undefined
  /** With this many bytes of one queue waiting, no more are pulled.
   *  @default 104857600 (RocketMQ `pullThresholdSizeForQueue`) */
  readonly queueBytesMax?: number | undefined
}

export type ConsumerConfig = Filled<ConsumerOptions>

export const CONSUMER_DEFAULTS = Object.freeze({
  ...CLIENT_DEFAULTS,
  subscriptions: {},
  consumeFrom: 'last',
  rebalanceIntervalMs: 20_000,
  persistIntervalMs: 5_000,
  queueCountMax: 1_000,
  queueBytesMax: 100 * MIB,
}) satisfies Partial<ConsumerConfig>

/** @throws {ClientError} `CLIENT_OPTION_INVALID` where what consumers share is wrong. */
export function checkConsumerConfig(config: ConsumerConfig): void {
  checkGroup(config.group)
  requirePositive(config, [
    'rebalanceIntervalMs',
    'persistIntervalMs',
    'queueCountMax',
    'queueBytesMax',
  ])
  const { consumeFrom } = config
  const isDate = consumeFrom instanceof Date && !Number.isNaN(consumeFrom.getTime())
  if (consumeFrom !== 'first' && consumeFrom !== 'last' && !isDate) {
    throw invalidOption('consumeFrom', consumeFrom)
  }
}
