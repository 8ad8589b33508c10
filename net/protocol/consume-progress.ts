/** QUERY_CONSUME_TIME_SPAN (303) and GET_BROKER_CONSUME_STATS (317). */

import type { HeaderOf } from './header-table.ts'
import { required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { int64, list, object, text, textMap } from './json-shape.ts'
import { MessageQueue } from './message-queue.ts'
import { ConsumeStats } from './topic-stats.ts'

/** Java: QueryConsumeTimeSpanRequestHeader. */
export const QueryConsumeTimeSpanRequestHeader = {
  topic: required('string'),
  group: required('string'),
} as const
export type QueryConsumeTimeSpanRequestHeader = HeaderOf<typeof QueryConsumeTimeSpanRequestHeader>

/** Store times of one queue in milliseconds, -1 where there is no message. Java: QueueTimeSpan. */
export const QueueTimeSpan = object({
  /** Of the message that was consumed last, or of the first one. */
  consumeTimeStamp: int64,
  /** How long the message that is consumed next has waited, 0 when there is none. */
  delayTime: int64,
  maxTimeStamp: int64,
  messageQueue: MessageQueue,
  minTimeStamp: int64,
})
export type QueueTimeSpan = ShapeOf<typeof QueueTimeSpan>

/** Java: QueryConsumeTimeSpanBody. */
export const QueryConsumeTimeSpanBody = object({ consumeTimeSpanSet: list(QueueTimeSpan) })
export type QueryConsumeTimeSpanBody = ShapeOf<typeof QueryConsumeTimeSpanBody>

/** Java: GetConsumeStatsInBrokerHeader. */
export const GetConsumeStatsInBrokerRequestHeader = {
  /** Ordered topics alone. */
  isOrder: required('boolean'),
} as const
export type GetConsumeStatsInBrokerRequestHeader = HeaderOf<
  typeof GetConsumeStatsInBrokerRequestHeader
>

/** Java: ConsumeStatsList. */
export const ConsumeStatsList = object({
  brokerAddr: text,
  /** One map for each group: its name to its topics, an entry a topic. */
  consumeStatsList: list(textMap(list(ConsumeStats))),
  /** Messages that were not consumed, in all. */
  totalDiff: int64,
  /** Messages that were pulled and not consumed, in all. */
  totalInflightDiff: int64,
})
export type ConsumeStatsList = ShapeOf<typeof ConsumeStatsList>
