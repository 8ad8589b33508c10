import type { Logger } from '../../../engine/base/logger.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import type { ResetOffsetBody } from '../../protocol/reset-offset.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import { offsetAtTime } from '../query/offset-at-time.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'

export interface ResetParts {
  readonly config: Pick<BrokerConfig, 'brokerName' | 'useServerSideResetOffset'>
  readonly store: ThreadedStore
  readonly topics: TopicConfigs
  readonly groups: SubscriptionGroups
  readonly offsets: ConsumerOffsets
  readonly clients: ClientRegistry
  /** The pulls that wait: consumers of a group that was reset are told at once. */
  readonly pulls: { releaseGroup(group: string, topic: string): void }
  readonly logger: Logger
}

/** Where to go on in each queue. */
export type QueueOffsets = ResetOffsetBody['offsetTable']

/** The offset of a queue at a time, or its end for a negative time. */
export function resetTarget(
  store: ThreadedStore,
  topic: string,
  queueId: number,
  timestampMs: number,
): Promise<number> | number {
  if (timestampMs < 0) return store.maxQueueOffset(topic, queueId)
  return offsetAtTime(store, { topic, queueId }, timestampMs)
}
