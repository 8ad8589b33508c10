/** SEARCH_OFFSET_BY_TIMESTAMP (29), GET_MAX_OFFSET (30), GET_MIN_OFFSET (31),
 *  GET_EARLIEST_MSG_STORETIME (32). */

import type { HeaderOf } from './header-table.ts'
import { optional, required, withDefault } from './header-table.ts'

/** Java: SearchOffsetRequestHeader. */
export const SearchOffsetRequestHeader = {
  topic: required('string'),
  queueId: required('int32'),
  /** In milliseconds. */
  timestamp: required('int64'),
  /** LOWER or UPPER, in any case; anything else is LOWER (Java: BoundaryType). */
  boundaryType: optional('string'),
  liteTopic: optional('string'),
} as const
export type SearchOffsetRequestHeader = HeaderOf<typeof SearchOffsetRequestHeader>

/** Java: GetMaxOffsetRequestHeader. */
export const GetMaxOffsetRequestHeader = {
  topic: required('string'),
  queueId: required('int32'),
  /** Only what is confirmed by replicas. */
  committed: withDefault('boolean', true),
} as const
export type GetMaxOffsetRequestHeader = HeaderOf<typeof GetMaxOffsetRequestHeader>

/** Java: GetMinOffsetRequestHeader. */
export const GetMinOffsetRequestHeader = {
  topic: required('string'),
  queueId: required('int32'),
} as const
export type GetMinOffsetRequestHeader = HeaderOf<typeof GetMinOffsetRequestHeader>

/** The response to codes 29, 30 and 31 (Java: SearchOffsetResponseHeader and its likes). */
export const QueueOffsetResponseHeader = { offset: required('int64') } as const
export type QueueOffsetResponseHeader = HeaderOf<typeof QueueOffsetResponseHeader>

/** Java: GetEarliestMsgStoretimeRequestHeader. */
export const GetEarliestMsgStoretimeRequestHeader = GetMinOffsetRequestHeader
export type GetEarliestMsgStoretimeRequestHeader = GetMinOffsetRequestHeader

/** Java: GetEarliestMsgStoretimeResponseHeader. */
export const GetEarliestMsgStoretimeResponseHeader = {
  /** In milliseconds, -1 when the queue is empty. */
  timestamp: required('int64'),
} as const
export type GetEarliestMsgStoretimeResponseHeader = HeaderOf<
  typeof GetEarliestMsgStoretimeResponseHeader
>
