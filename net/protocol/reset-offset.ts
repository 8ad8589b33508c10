/**
 * INVOKE_BROKER_TO_RESET_OFFSET (222) and its push RESET_CONSUMER_CLIENT_OFFSET (220),
 * CLONE_GROUP_OFFSET (314), QUERY_CORRECTION_OFFSET (308).
 */

import type { HeaderOf } from './header-table.ts'
import { optional, required, withDefault } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { int32, int64, list, numberMap, object, objectKeyedMap, text } from './json-shape.ts'
import { MessageQueue } from './message-queue.ts'

/** The header of codes 220 and 222 (Java: ResetOffsetRequestHeader). */
export const ResetOffsetRequestHeader = {
  topic: required('string'),
  group: required('string'),
  /** Negative: all queues. */
  queueId: withDefault('int32', -1),
  /** Where to put the one queue that `queueId` names; -1 is as if it were missing. */
  offset: optional('int64'),
  /** In milliseconds; negative: the end of each queue. */
  timestamp: required('int64'),
  /** Also forward, not only back. Brokers that keep the reset themselves take it as true. */
  isForce: required('boolean'),
} as const
export type ResetOffsetRequestHeader = HeaderOf<typeof ResetOffsetRequestHeader>

/** The body of the response to code 222, and of code 220 (Java: ResetOffsetBody). */
export const ResetOffsetBody = object({ offsetTable: objectKeyedMap(MessageQueue, int64) })
export type ResetOffsetBody = ShapeOf<typeof ResetOffsetBody>

/** The body of code 220 for clients in C++ (Java: ResetOffsetBodyForC). */
export const ResetOffsetBodyForC = object({
  offsetTable: list(object({ brokerName: text, offset: int64, queueId: int32, topic: text })),
})
export type ResetOffsetBodyForC = ShapeOf<typeof ResetOffsetBodyForC>

/** Java: CloneGroupOffsetRequestHeader. */
export const CloneGroupOffsetRequestHeader = {
  srcGroup: required('string'),
  destGroup: required('string'),
  /** Missing or blank: every topic that the source group has read. */
  topic: optional('string'),
  /** Also topics that the source group, although it is connected, no longer subscribes to. */
  offline: withDefault('boolean', false),
} as const
export type CloneGroupOffsetRequestHeader = HeaderOf<typeof CloneGroupOffsetRequestHeader>

/** Java: QueryCorrectionOffsetHeader. */
export const QueryCorrectionOffsetRequestHeader = {
  topic: required('string'),
  compareGroup: required('string'),
  /** Groups that do not count, separated by commas. */
  filterGroups: optional('string'),
} as const
export type QueryCorrectionOffsetRequestHeader = HeaderOf<typeof QueryCorrectionOffsetRequestHeader>

/** A queue's correction when there is none (Java: Long.MAX_VALUE). */
export const NO_CORRECTION = '9223372036854775807'

/** Java: QueryCorrectionOffsetBody. Offsets are texts, since one of them is beyond ±2^53. */
export const QueryCorrectionOffsetBody = object({ correctionOffsets: numberMap(text) })
export type QueryCorrectionOffsetBody = ShapeOf<typeof QueryCorrectionOffsetBody>
