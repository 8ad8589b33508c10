import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import type {
  QueryConsumeTimeSpanRequestHeader,
  QueueTimeSpan,
} from '../../protocol/consume-progress.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { BrokerError } from '../broker-error.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'
import { storeTimeOf } from './store-time.ts'

export interface TimeSpanParts {
  readonly brokerName: string
  readonly store: ThreadedStore
  readonly topics: TopicConfigs
  readonly offsets: ConsumerOffsets
}

/**
 * From when to when each queue of a topic has messages, and where between them a group is
 * (AdminBrokerProcessor.queryConsumeTimeSpan).
 * @throws {BrokerError} TOPIC_NOT_EXIST
 */
export async function consumeTimeSpans(
  parts: TimeSpanParts,
  { topic, group }: QueryConsumeTimeSpanRequestHeader,
): Promise<QueueTimeSpan[]> {
  const queueCount = parts.topics.find(topic)?.config.writeQueueNums
  if (queueCount === undefined) {
    throw new BrokerError(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`)
  }
  const spans: QueueTimeSpan[] = []
  for (let queueId = 0; queueId < queueCount; queueId += 1) {
    const offset = parts.offsets.get(group, topic, queueId)
    spans.push(await timeSpan(parts, topic, queueId, offset))
  }
  return spans
}

async function timeSpan(
  { brokerName, store }: TimeSpanParts,
  topic: string,
  queueId: number,
  offset: number,
): Promise<QueueTimeSpan> {
  const timeOf = (queueOffset: number) => storeTimeOf(store, topic, queueId, queueOffset)
  const endOffset = store.maxQueueOffset(topic, queueId)
  const minTimeStamp = await timeOf(store.minQueueOffset(topic, queueId))
  return {
    consumeTimeStamp: offset > 0 ? await timeOf(offset - 1) : minTimeStamp,
    delayTime: offset < endOffset ? Date.now() - (await timeOf(offset)) : 0,
    maxTimeStamp: await timeOf(endOffset - 1),
    messageQueue: { brokerName, queueId, topic },
    minTimeStamp,
  }
}
