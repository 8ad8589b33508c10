/** What consumers answer to GET_CONSUMER_RUNNING_INFO (307), CONSUME_MESSAGE_DIRECTLY (309). */

import { SubscriptionData } from './heartbeat.ts'
import type { ShapeOf } from './json-shape.ts'
import {
  boolean,
  double,
  int32,
  int64,
  list,
  object,
  objectKeyedMap,
  optional,
  text,
  textMap,
} from './json-shape.ts'
import { MessageQueue } from './message-queue.ts'

/** How far a consumer is in one queue (Java: ProcessQueueInfo). Times are in ms since 1970. */
export const ProcessQueueInfo = object({
  /** Messages that are pulled and not done with. */
  cachedMsgCount: int32,
  cachedMsgMaxOffset: int64,
  cachedMsgMinOffset: int64,
  cachedMsgSizeInMiB: int32,
  commitOffset: int64,
  /** Java's own spelling. */
  droped: boolean,
  lastConsumeTimestamp: int64,
  lastLockTimestamp: int64,
  lastPullTimestamp: int64,
  locked: boolean,
  /** Messages of an orderly consumer that its listener has in hand. */
  transactionMsgCount: int32,
  transactionMsgMaxOffset: int64,
  transactionMsgMinOffset: int64,
  tryUnlockTimes: int64,
})
export type ProcessQueueInfo = ShapeOf<typeof ProcessQueueInfo>

/** Rates of the last minute, in messages a second, and times in milliseconds
 *  (Java: ConsumeStatus). */
export const ConsumeStatus = object({
  /** In the last hour. */
  consumeFailedMsgs: int64,
  consumeFailedTPS: double,
  consumeOKTPS: double,
  consumeRT: double,
  pullRT: double,
  pullTPS: double,
})
export type ConsumeStatus = ShapeOf<typeof ConsumeStatus>

/** Java: ConsumerRunningInfo. */
export const ConsumerRunningInfo = object({
  /** Stacks of threads, when they were asked for. */
  jstack: optional(text),
  mqPopTable: objectKeyedMap(MessageQueue, object({})),
  mqTable: objectKeyedMap(MessageQueue, ProcessQueueInfo),
  properties: textMap(text),
  /** By topic. */
  statusTable: textMap(ConsumeStatus),
  subscriptionSet: list(SubscriptionData),
  userConsumerInfo: textMap(text),
})
export type ConsumerRunningInfo = ShapeOf<typeof ConsumerRunningInfo>

/** How a message was consumed that an administrator gave to one consumer
 *  (Java: ConsumeMessageDirectlyResult). */
export const ConsumeMessageDirectlyResult = object({
  autoCommit: boolean,
  /** A name of Java's CMResult. */
  consumeResult: text,
  order: boolean,
  remark: optional(text),
  /** Java's own spelling. */
  spentTimeMills: int64,
})
export type ConsumeMessageDirectlyResult = ShapeOf<typeof ConsumeMessageDirectlyResult>
