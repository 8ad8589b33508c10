import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { TopicOffset, TopicStatsTable } from '../../protocol/topic-stats.ts'
import { BrokerError } from '../broker-error.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'
import { storeTimeOf } from './store-time.ts'

export interface TopicStatsParts {
  readonly brokerName: string
  readonly store: ThreadedStore
  readonly topics: TopicConfigs
  readonly stats: BrokerStats
}

/**
 * Every queue of a topic with its ends (AdminBrokerProcessor.getTopicStatsInfo). Queues without
 * messages are listed too: the admin client takes them for the sign that a new topic is ready.
 * @throws {BrokerError} TOPIC_NOT_EXIST
 */
export async function topicStats(parts: TopicStatsParts, topic: string): Promise<TopicStatsTable> {
  const { brokerName, store, topics, stats } = parts
  const config = topics.find(topic)?.config
  if (config === undefined) {
    throw new BrokerError(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`)
  }
  const queueCount = Math.max(config.writeQueueNums, config.readQueueNums)
  const offsetTable: TopicStatsTable['offsetTable'] = []
  for (let queueId = 0; queueId < queueCount; queueId += 1) {
    const offset = await topicOffset(store, topic, queueId)
    offsetTable.push([{ brokerName, queueId, topic }, offset])
  }
  return { offsetTable, topicPutTps: stats.topicPutTps(topic) }
}

async function topicOffset(
  store: ThreadedStore,
  topic: string,
  queueId: number,
): Promise<TopicOffset> {
  const maxOffset = store.maxQueueOffset(topic, queueId)
  const minOffset = Math.max(0, store.minQueueOffset(topic, queueId))
  const lastUpdateTimestamp =
    maxOffset > 0 ? await storeTimeOf(store, topic, queueId, maxOffset - 1) : 0
  return { lastUpdateTimestamp, maxOffset, minOffset }
}
