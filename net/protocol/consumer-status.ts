/**
 * What brokers ask consumers on somebody's behalf: INVOKE_BROKER_TO_GET_CONSUMER_STATUS (223) and
 * its GET_CONSUMER_STATUS_FROM_CLIENT (221), GET_CONSUMER_RUNNING_INFO (307),
 * CONSUME_MESSAGE_DIRECTLY (309). The bodies of 307's and 309's responses are the client's.
 */

import type { HeaderOf } from './header-table.ts'
import { optional, required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { int64, object, objectKeyedMap, textMap } from './json-shape.ts'
import { MessageQueue } from './message-queue.ts'

/** The header of codes 221 and 223 (Java: GetConsumerStatusRequestHeader). */
export const GetConsumerStatusRequestHeader = {
  topic: required('string'),
  group: required('string'),
  /** Java's own misnomer: the id of the only client to ask. Missing or blank: all of them. */
  clientAddr: optional('string'),
} as const
export type GetConsumerStatusRequestHeader = HeaderOf<typeof GetConsumerStatusRequestHeader>

const QueueOffsets = objectKeyedMap(MessageQueue, int64)

/** The body of both responses (Java: GetConsumerStatusBody). */
export const GetConsumerStatusBody = object({
  /** Of 223: client id to the offsets of its queues. */
  consumerTable: textMap(QueueOffsets),
  /** Of 221: the offsets of the client's queues. */
  messageQueueTable: QueueOffsets,
})
export type GetConsumerStatusBody = ShapeOf<typeof GetConsumerStatusBody>

/** Java: GetConsumerRunningInfoRequestHeader. */
export const GetConsumerRunningInfoRequestHeader = {
  consumerGroup: required('string'),
  clientId: required('string'),
  /** With the stacks of the client's threads. */
  jstackEnable: optional('boolean'),
} as const
export type GetConsumerRunningInfoRequestHeader = HeaderOf<
  typeof GetConsumerRunningInfoRequestHeader
>

/** Java: ConsumeMessageDirectlyResultRequestHeader. */
export const ConsumeMessageDirectlyRequestHeader = {
  consumerGroup: required('string'),
  clientId: optional('string'),
  /** The offset id of the message. */
  msgId: optional('string'),
  /** What the broker adds for the client: itself, and the flags of topic and group. */
  brokerName: optional('string'),
  topic: optional('string'),
  topicSysFlag: optional('int32'),
  groupSysFlag: optional('int32'),
} as const
export type ConsumeMessageDirectlyRequestHeader = HeaderOf<
  typeof ConsumeMessageDirectlyRequestHeader
>
