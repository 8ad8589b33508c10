import { MIB } from '../../engine/base/units.ts'
import { allocateAveragely } from './allocation/averagely.ts'
import type { AllocateStrategy } from './allocation/strategy.ts'
import { CLIENT_DEFAULTS, type ClientOptions } from './client-options.ts'
import type { ConsumeHook, FilterHook } from './hooks.ts'
import { defaultOffsetFolder } from './local-offset-store.ts'
import { type Filled, invalidOption, requirePositive } from './option-merge.ts'
import { checkGroup } from './resource-name.ts'
import type { ConsumeFrom } from './start-offset.ts'
import type { Filter } from './subscription.ts'

/**
 * Who gets a message. `'clustering'`: one consumer of the group, and the brokers keep how far the
 * group has come. `'broadcasting'`: every consumer of the group, and each keeps how far it has come
 * itself, in a file; what its listener fails to handle does not come back. RocketMQ:
 * `MessageModel`.
 */
export type MessageModel = 'clustering' | 'broadcasting'

/** What every consumer can be told. */
export interface ConsumerOptions extends ClientOptions {
  /** Names the consumers that share the messages; at most 120 characters. */
  readonly group: string
  /** What to consume, by topic. More can be subscribed to later. @default nothing */
  readonly subscriptions?: Readonly<Record<string, Filter>> | undefined
  /** Who gets a message; the same for all consumers of a group. A broadcasting consumer is known by
   *  its client id: unless `instanceName` is given, which two of them on one host need, it is
   *  `DEFAULT`, the same after a restart. @default clustering (RocketMQ `messageModel`) */
  readonly messageModel?: MessageModel | undefined
  /** Where a broadcasting consumer keeps how far it has come.
   *  @default `.rocketmq_offsets` in the user's home, as Java's clients
   *  (RocketMQ `rocketmq.client.localOffsetStoreDir`) */
  readonly offsetFolder?: string | undefined
  /** Where the group begins in a queue in which it has stored no offset yet.
   *  @default last (RocketMQ `consumeFromWhere`) */
  readonly consumeFrom?: ConsumeFrom | undefined
  /** How the members of the group share the queues; the same for all of them.
   *  @default averagely, in runs of neighbours (RocketMQ `allocateMessageQueueStrategy`) */
  readonly allocateStrategy?: AllocateStrategy | undefined
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
  /** Called around each call of the listener, or when messages are polled, in this order.
   *  @default none */
  readonly consumeHooks?: readonly ConsumeHook[] | undefined
  /** Asked about each message that was pulled; one that is not wanted counts as consumed.
   *  @default none */
  readonly filterHooks?: readonly FilterHook[] | undefined
}

export type ConsumerConfig = Filled<ConsumerOptions>

export const CONSUMER_DEFAULTS = Object.freeze({
  ...CLIENT_DEFAULTS,
  subscriptions: {},
  messageModel: 'clustering',
  consumeFrom: 'last',
  allocateStrategy: allocateAveragely,
  rebalanceIntervalMs: 20_000,
  persistIntervalMs: 5_000,
  queueCountMax: 1_000,
  queueBytesMax: 100 * MIB,
  consumeHooks: [],
  filterHooks: [],
}) satisfies Partial<ConsumerConfig>

const MESSAGE_MODELS: ReadonlySet<unknown> = new Set<MessageModel>(['clustering', 'broadcasting'])
/** Java: ClientConfig.instanceName, which only clustering consumers change to their process id. */
const LASTING_INSTANCE_NAME = 'DEFAULT'

/** `defaults` with what depends on the options. */
export function consumerDefaultsFor<D extends object>(options: ConsumerOptions, defaults: D): D {
  const computed = { ...defaults, offsetFolder: defaultOffsetFolder() }
  if (options?.messageModel !== 'broadcasting') return computed
  return { ...computed, instanceName: LASTING_INSTANCE_NAME }
}

/** @throws {ClientError} `CLIENT_OPTION_INVALID` where what consumers share is wrong. */
export function checkConsumerConfig(config: ConsumerConfig): void {
  checkGroup(config.group)
  requirePositive(config, [
    'rebalanceIntervalMs',
    'persistIntervalMs',
    'queueCountMax',
    'queueBytesMax',
  ])
  const { allocateStrategy, consumeFrom, messageModel, offsetFolder } = config
  if (typeof allocateStrategy.allocate !== 'function') {
    throw invalidOption('allocateStrategy', allocateStrategy)
  }
  if (!MESSAGE_MODELS.has(messageModel)) throw invalidOption('messageModel', messageModel)
  if (typeof offsetFolder !== 'string') throw invalidOption('offsetFolder', offsetFolder)
  const isDate = consumeFrom instanceof Date && !Number.isNaN(consumeFrom.getTime())
  if (consumeFrom !== 'first' && consumeFrom !== 'last' && !isDate) {
    throw invalidOption('consumeFrom', consumeFrom)
  }
}
