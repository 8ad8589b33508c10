/** One queue of a topic on one broker. */
export interface MessageQueue {
  readonly topic: string
  readonly brokerName: string
  /** Counts from 0 on each broker. */
  readonly queueId: number
}

/** Identifies a queue among all queues: equal for equal queues only. */
export function queueKey(queue: MessageQueue): string {
  // A topic holds no slash and a queue id is a number, so the three parts can be told apart.
  return `${queue.topic}/${queue.brokerName}/${queue.queueId}`
}

/**
 * The order in which every member of a group sorts the queues before it takes its share: by topic
 * and broker name as Java compares strings (UTF-16 code units), then by queue id. RocketMQ:
 * `MessageQueue.compareTo`.
 */
export function compareQueues(left: MessageQueue, right: MessageQueue): number {
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
