/** QUERY_CONSUME_QUEUE (321): the units of a queue. */

import type { HeaderOf } from './header-table.ts'
import { optional, required } from './header-table.ts'
import { SubscriptionData } from './heartbeat.ts'
import type { ShapeOf } from './json-shape.ts'
import {
  boolean,
  int32,
  int64,
  list,
  object,
  optional as optionalMember,
  text,
} from './json-shape.ts'

/** Java: QueryConsumeQueueRequestHeader. */
export const QueryConsumeQueueRequestHeader = {
  topic: required('string'),
  queueId: required('int32'),
  /** Queue offset of the first unit. */
  index: required('int64'),
  /** Most units. */
  count: required('int32'),
  /** Whose subscription is to be shown. */
  consumerGroup: optional('string'),
} as const
export type QueryConsumeQueueRequestHeader = HeaderOf<typeof QueryConsumeQueueRequestHeader>

/** One unit (Java: ConsumeQueueData). */
export const ConsumeQueueData = object({
  bitMap: optionalMember(text),
  eval: boolean,
  extendDataJson: optionalMember(text),
  /** Why the unit's extension is not shown. Java's own name. */
  msg: optionalMember(text),
  physicOffset: int64,
  physicSize: int32,
  tagsCode: int64,
})
export type ConsumeQueueData = ShapeOf<typeof ConsumeQueueData>

/** Java: QueryConsumeQueueResponseBody. */
export const QueryConsumeQueueResponseBody = object({
  /** The group's filter as JSON, or that it is not online. */
  filterData: optionalMember(text),
  maxQueueIndex: int64,
  minQueueIndex: int64,
  queueData: list(ConsumeQueueData),
  subscriptionData: optionalMember(SubscriptionData),
})
export type QueryConsumeQueueResponseBody = ShapeOf<typeof QueryConsumeQueueResponseBody>
