import { type MessageQueue, queueKey } from '../message-queue.ts'
import { isRetryTopic } from '../resource-name.ts'
import { allocateAveragely } from './averagely.ts'
import type { AllocateStrategy } from './strategy.ts'

/**
 * This member consumes exactly `queues`, whoever else does; who has which is for the operator to
 * say. The group's retry queues, which nobody lists, are divided evenly; with Java's strategy
 * nobody consumes them. RocketMQ: `AllocateMessageQueueByConfig`.
 */
export function allocateByConfig(queues: readonly MessageQueue[]): AllocateStrategy {
  const listed = new Set(queues.map(queueKey))
  return {
    name: 'CONFIG',
    allocate: (division) => {
      const [first] = division.queues
      if (first !== undefined && isRetryTopic(first.topic)) {
        return allocateAveragely.allocate(division)
      }
      return division.queues.filter((queue) => listed.has(queueKey(queue)))
    },
  }
}
