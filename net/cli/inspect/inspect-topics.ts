import type { QueueInspection, TopicInspection } from './store-inspection.ts'

/** What the queues of each topic have together, in the order of the queues. */
export function inspectTopics(queues: readonly QueueInspection[]): TopicInspection[] {
  const topics = new Map<string, TopicInspection>()
  for (const queue of queues) {
    const { topic } = queue
    topics.set(topic, addQueue(topics.get(topic) ?? emptyTopic(topic), queue))
  }
  return [...topics.values()]
}

function emptyTopic(topic: string): TopicInspection {
  const nothing = { queueCount: 0, messageCount: 0, diskBytes: 0 }
  return { topic, ...nothing, firstTimestampMs: 0, lastTimestampMs: 0 }
}

function addQueue(topic: TopicInspection, queue: QueueInspection): TopicInspection {
  return {
    topic: topic.topic,
    queueCount: topic.queueCount + 1,
    messageCount: topic.messageCount + queue.maxOffset - queue.minOffset,
    diskBytes: topic.diskBytes + queue.diskBytes,
    firstTimestampMs: earliest(topic.firstTimestampMs, queue.firstTimestampMs),
    lastTimestampMs: Math.max(topic.lastTimestampMs, queue.lastTimestampMs),
  }
}

/** 0 stands for no time. */
function earliest(left: number, right: number): number {
  return left === 0 || right === 0 ? Math.max(left, right) : Math.min(left, right)
}
