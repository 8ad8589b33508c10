import type { ShapeOf } from './json-shape.ts'
import { int32, object, text } from './json-shape.ts'

/** One queue of a topic on one broker (Java: MessageQueue). */
export const MessageQueue = object({ brokerName: text, queueId: int32, topic: text })
export type MessageQueue = ShapeOf<typeof MessageQueue>

/**
 * The order in which every member of a group sorts the queues before it takes its share: by topic
 * and broker name as Java compares strings (UTF-16 code units), then by queue id. RocketMQ:
 * `MessageQueue.compareTo`.
 */
export function compareQueues(left: Readonly<MessageQueue>, right: Readonly<MessageQueue>): number {
  return (
    compareText(left.topic, right.topic) ||
    compareText(left.brokerName, right.brokerName) ||
    left.queueId - right.queueId
  )
}

/** Java's `String.compareTo`: JavaScript's `<` compares the same code units. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
