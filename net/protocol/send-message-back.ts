/** CONSUMER_SEND_MSG_BACK (36). */

import type { HeaderOf } from './header-table.ts'
import { optional, required, withDefault } from './header-table.ts'

/** Java: ConsumerSendMsgBackRequestHeader. */
export const ConsumerSendMsgBackRequestHeader = {
  /** Place of the message in the broker's commit log, in bytes. */
  offset: required('int64'),
  group: required('string'),
  /** 0: the broker chooses by the attempts so far. Negative: straight to the dead letters. */
  delayLevel: required('int32'),
  originMsgId: optional('string'),
  originTopic: optional('string'),
  unitMode: withDefault('boolean', false),
  maxReconsumeTimes: optional('int32'),
  bname: optional('string'),
} as const
export type ConsumerSendMsgBackRequestHeader = HeaderOf<typeof ConsumerSendMsgBackRequestHeader>
