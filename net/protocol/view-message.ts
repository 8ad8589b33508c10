/**
 * QUERY_MESSAGE (12) and VIEW_MESSAGE_BY_ID (33). The body of both responses is raw commit-log
 * records; 33 has one and no header of its own.
 */

import type { HeaderOf } from './header-table.ts'
import { optional, required, withDefault } from './header-table.ts'

/** Java: QueryMessageRequestHeader. */
export const QueryMessageRequestHeader = {
  topic: required('string'),
  key: required('string'),
  maxNum: required('int32'),
  /** In milliseconds. */
  beginTimestamp: required('int64'),
  /** In milliseconds; the Java client sends `Long.MAX_VALUE` for "now". */
  endTimestamp: required('int64'),
  indexType: optional('string'),
  lastKey: optional('string'),
  /** The key is a unique message id, of which one message is wanted (Java: MixAll). */
  _UNIQUE_KEY_QUERY: withDefault('boolean', false),
} as const
export type QueryMessageRequestHeader = HeaderOf<typeof QueryMessageRequestHeader>

/** Java: QueryMessageResponseHeader. */
export const QueryMessageResponseHeader = {
  /** In milliseconds. */
  indexLastUpdateTimestamp: required('int64'),
  indexLastUpdatePhyoffset: required('int64'),
} as const
export type QueryMessageResponseHeader = HeaderOf<typeof QueryMessageResponseHeader>

/** Java: ViewMessageRequestHeader. */
export const ViewMessageRequestHeader = {
  topic: optional('string'),
  /** Physical offset. */
  offset: required('int64'),
} as const
export type ViewMessageRequestHeader = HeaderOf<typeof ViewMessageRequestHeader>
