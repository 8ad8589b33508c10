/** Which queue a message goes to. RocketMQ: `TopicPublishInfo`, `SelectMessageQueueByHash`. */

import { assert } from '../../engine/base/assert.ts'
import { javaHash } from '../../engine/format/java-hash.ts'
import type { MessageQueue } from './message-queue.ts'

/** Takes the queues of a topic in turn. */
export class RoundRobin {
  /** Producers that start together do not all send to the same queue. */
  #index = Math.floor(Math.random() * 0x7fff_ffff)

  /** The next queue, on a broker that is not among `avoided` while there is one. */
  next(queues: readonly MessageQueue[], avoided: readonly string[]): MessageQueue {
    assert(queues.length > 0, 'there is a queue to choose')
    for (let tries = 0; tries < queues.length; tries += 1) {
      const queue = this.#take(queues)
      if (!avoided.includes(queue.brokerName)) return queue
    }
    return this.#take(queues)
  }

  #take(queues: readonly MessageQueue[]): MessageQueue {
    this.#index = (this.#index + 1) % Number.MAX_SAFE_INTEGER
    return queues[this.#index % queues.length]!
  }
}

/** The queue of all messages with `shardingKey`: the one that a Java client chooses too. */
export function queueByHash(queues: readonly MessageQueue[], shardingKey: string): MessageQueue {
  assert(queues.length > 0, 'there is a queue to choose')
  return queues[Math.abs(javaHash(shardingKey) % queues.length)]!
}
