import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import type {
  ConsumeStats,
  GetConsumeStatsRequestHeader,
  OffsetWrapper,
} from '../../protocol/topic-stats.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'
import { storeTimeOf } from './store-time.ts'

export interface ConsumeStatsParts {
  readonly brokerName: string
  readonly store: ThreadedStore
  readonly topics: TopicConfigs
  readonly offsets: ConsumerOffsets
  readonly clients: ClientRegistry
  readonly stats: BrokerStats
}

const TOPIC_SEPARATOR = ';'

/** How far a group has come in each queue (AdminBrokerProcessor.getConsumeStats). */
export async function consumeStats(
  parts: ConsumeStatsParts,
  asked: GetConsumeStatsRequestHeader,
): Promise<ConsumeStats> {
  const { brokerName, topics, stats } = parts
  const group = asked.consumerGroup
  const offsetTable: ConsumeStats['offsetTable'] = []
  let consumeTps = 0
  for (const topic of topicsToShow(parts, asked)) {
    const queueCount = topics.find(topic)?.config.readQueueNums
    if (queueCount === undefined) continue
    for (let queueId = 0; queueId < queueCount; queueId += 1) {
      const offset = await queueProgress(parts, group, topic, queueId)
      offsetTable.push([{ brokerName, queueId, topic }, offset])
    }
    consumeTps += stats.groupGetTps(group, topic)
  }
  return { consumeTps, offsetTable }
}

/** A list is taken as it is; else topics that a connected group no longer reads are left out. */
function topicsToShow(
  { offsets, clients }: ConsumeStatsParts,
  { consumerGroup, topic, topicList }: GetConsumeStatsRequestHeader,
): string[] {
  const listed = (topicList ?? '').split(TOPIC_SEPARATOR).filter((name) => name.trim() !== '')
  if (listed.length > 0) return [...new Set(listed)]
  const isGiven = topic !== undefined && topic.trim() !== ''
  const candidates = isGiven ? [topic] : offsets.topicsOf(consumerGroup)
  const subscriptions = clients.consumerGroup(consumerGroup)?.subscriptions
  if (subscriptions === undefined || subscriptions.size === 0) return candidates
  return candidates.filter((name) => subscriptions.has(name))
}

async function queueProgress(
  { store, offsets, stats }: ConsumeStatsParts,
  group: string,
  topic: string,
  queueId: number,
): Promise<OffsetWrapper> {
  const consumerOffset = Math.max(0, offsets.get(group, topic, queueId))
  const storedMs =
    consumerOffset > 0 ? await storeTimeOf(store, topic, queueId, consumerOffset - 1) : 0
  return {
    brokerOffset: store.maxQueueOffset(topic, queueId),
    consumerOffset,
    lastTimestamp: Math.max(0, storedMs),
    pullOffset: Math.max(consumerOffset, stats.pullOffset(group, topic, queueId)),
  }
}
