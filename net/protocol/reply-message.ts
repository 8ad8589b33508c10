/**
 * PUSH_REPLY_MESSAGE_TO_CLIENT (326). The requests SEND_REPLY_MESSAGE (324) and
 * SEND_REPLY_MESSAGE_V2 (325) have the headers of sends.
 */

import type { HeaderOf } from './header-table.ts'
import { optional, required, withDefault } from './header-table.ts'

/** Java: ReplyMessageRequestHeader. The body is that of the reply. */
export const ReplyMessageRequestHeader = {
  producerGroup: required('string'),
  topic: required('string'),
  defaultTopic: required('string'),
  defaultTopicQueueNums: required('int32'),
  queueId: required('int32'),
  sysFlag: required('int32'),
  /** In milliseconds. */
  bornTimestamp: required('int64'),
  flag: required('int32'),
  properties: optional('string'),
  reconsumeTimes: optional('int32'),
  unitMode: withDefault('boolean', false),
  /** `host:port` of whoever replied. */
  bornHost: required('string'),
  /** `host:port` of the broker. */
  storeHost: required('string'),
  /** In milliseconds. */
  storeTimestamp: required('int64'),
} as const
export type ReplyMessageRequestHeader = HeaderOf<typeof ReplyMessageRequestHeader>
