/** INVOKE_BROKER_TO_RESET_OFFSET (222) and its push RESET_CONSUMER_CLIENT_OFFSET (220). */

import type { HeaderOf } from './header-table.ts'
import { optional, required, withDefault } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { int64, object, objectKeyedMap } from './json-shape.ts'
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
