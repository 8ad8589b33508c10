/** GET_TOPIC_STATS_INFO (202) and GET_CONSUME_STATS (208): tables whose keys are queues. */

import type { HeaderOf } from './header-table.ts'
import { optional, required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { double, int64, object, objectKeyedMap } from './json-shape.ts'
import { MessageQueue } from './message-queue.ts'

/** Java: GetTopicStatsInfoRequestHeader. */
export const GetTopicStatsInfoRequestHeader = { topic: required('string') } as const
export type GetTopicStatsInfoRequestHeader = HeaderOf<typeof GetTopicStatsInfoRequestHeader>

/** Java: TopicOffset. */
export const TopicOffset = object({
  /** Store time of the last message in milliseconds, 0 when there is none. */
  lastUpdateTimestamp: int64,
  maxOffset: int64,
  minOffset: int64,
})
export type TopicOffset = ShapeOf<typeof TopicOffset>

/** Java: TopicStatsTable. A queue without messages is listed too, with zeros. */
export const TopicStatsTable = object({
  offsetTable: objectKeyedMap(MessageQueue, TopicOffset),
  topicPutTps: double,
})
export type TopicStatsTable = ShapeOf<typeof TopicStatsTable>

/** Java: GetConsumeStatsRequestHeader. */
export const GetConsumeStatsRequestHeader = {
  consumerGroup: required('string'),
  topic: optional('string'),
  /** Topics separated by `;`, instead of `topic`. */
  topicList: optional('string'),
} as const
export type GetConsumeStatsRequestHeader = HeaderOf<typeof GetConsumeStatsRequestHeader>

/** Java: OffsetWrapper. */
export const OffsetWrapper = object({
  brokerOffset: int64,
  consumerOffset: int64,
  /** Store time of the last consumed message, in milliseconds. */
  lastTimestamp: int64,
  pullOffset: int64,
})
export type OffsetWrapper = ShapeOf<typeof OffsetWrapper>

/** Java: ConsumeStats. */
export const ConsumeStats = object({
  consumeTps: double,
  offsetTable: objectKeyedMap(MessageQueue, OffsetWrapper),
})
export type ConsumeStats = ShapeOf<typeof ConsumeStats>
