import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import type { ConsumeStatsList } from '../../protocol/consume-progress.ts'
import type {
  ConsumeStats,
  GetConsumeStatsRequestHeader,
  OffsetWrapper,
} from '../../protocol/topic-stats.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'
import { storeTimeOf } from './store-time.ts'

export interface ConsumeStatsParts {
  readonly brokerName: string
  /** `host:port` under which the broker is registered. */
  readonly brokerAddress: string
  readonly store: ThreadedStore
  readonly topics: TopicConfigs
  readonly groups: SubscriptionGroups
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
  const offsetTable: ConsumeStats['offsetTable'] = []
  let consumeTps = 0
  for (const topic of topicsToShow(parts, asked)) {
    const queueCount = parts.topics.find(topic)?.config.readQueueNums
    if (queueCount === undefined) continue
    const stats = await topicProgress(parts, asked.consumerGroup, topic, queueCount)
    offsetTable.push(...stats.offsetTable)
    consumeTps += stats.consumeTps
  }
  return { consumeTps, offsetTable }
}

/**
 * How far every group has come in everything that it reads
 * (AdminBrokerProcessor.fetchAllConsumeStatsInBroker).
 */
export async function allConsumeStats(
  parts: ConsumeStatsParts,
  orderedOnly: boolean,
): Promise<ConsumeStatsList> {
  const consumeStatsList: ConsumeStatsList['consumeStatsList'] = []
  let totalDiff = 0
  let totalInflightDiff = 0
  for (const { groupName } of parts.groups.values()) {
    const ofGroup: ConsumeStats[] = []
    const asked = { consumerGroup: groupName, topic: undefined, topicList: undefined }
    for (const topic of topicsToShow(parts, asked)) {
      const config = parts.topics.find(topic)?.config
      if (config === undefined || (orderedOnly && !config.order)) continue
      ofGroup.push(await topicProgress(parts, groupName, topic, config.writeQueueNums))
    }
    for (const [, offset] of ofGroup.flatMap(({ offsetTable }) => offsetTable)) {
      totalDiff += offset.brokerOffset - offset.consumerOffset
      totalInflightDiff += offset.pullOffset - offset.consumerOffset
    }
    consumeStatsList.push(new Map([[groupName, ofGroup]]))
  }
  return { brokerAddr: parts.brokerAddress, consumeStatsList, totalDiff, totalInflightDiff }
}

async function topicProgress(
  parts: ConsumeStatsParts,
  group: string,
  topic: string,
  queueCount: number,
): Promise<ConsumeStats> {
  const { brokerName, stats } = parts
  const offsetTable: ConsumeStats['offsetTable'] = []
  for (let queueId = 0; queueId < queueCount; queueId += 1) {
    const offset = await queueProgress(parts, group, topic, queueId)
    offsetTable.push([{ brokerName, queueId, topic }, offset])
  }
  return { consumeTps: stats.groupGetTps(group, topic), offsetTable }
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
