export { compareQueues, compareText } from '../protocol/message-queue.ts'

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
