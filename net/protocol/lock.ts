/** LOCK_BATCH_MQ (41) and UNLOCK_BATCH_MQ (42). */

import type { ShapeOf } from './json-shape.ts'
import { boolean, list, object, text } from './json-shape.ts'
import { MessageQueue } from './message-queue.ts'

/** The body of both requests (Java: LockBatchRequestBody, UnlockBatchRequestBody). */
export const LockBatchRequestBody = object({
  clientId: text,
  consumerGroup: text,
  mqSet: list(MessageQueue),
  onlyThisBroker: boolean,
})
export type LockBatchRequestBody = ShapeOf<typeof LockBatchRequestBody>

/** The body of the response to a lock (Java: LockBatchResponseBody). */
export const LockBatchResponseBody = object({
  /** The queues that the client holds now. Java's own spelling. */
  lockOKMQSet: list(MessageQueue),
})
export type LockBatchResponseBody = ShapeOf<typeof LockBatchResponseBody>
