/** Which queue a message goes to. RocketMQ: `TopicPublishInfo`, `SelectMessageQueueByHash`. */

import { assert } from '../../engine/base/assert.ts'
import { javaHash } from '../../engine/format/java-hash.ts'
import type { LatencyFaults } from './latency-fault.ts'
import type { MessageQueue } from './message-queue.ts'

/** Whether a broker's queues will do. */
export type BrokerWish = (brokerName: string) => boolean

const NO_WISHES: readonly BrokerWish[] = []

/** Takes the queues of a topic in turn. */
export class RoundRobin {
  /** Producers that start together do not all send to the same queue. */
  #index = Math.floor(Math.random() * 0x7fff_ffff)

  /** The next queue that fulfils the first of `wishes`, or else the second, and so on; or any. */
  next(queues: readonly MessageQueue[], wishes: readonly BrokerWish[]): MessageQueue {
    assert(queues.length > 0, 'there is a queue to choose')
    for (const fulfils of wishes) {
      for (let tries = 0; tries < queues.length; tries += 1) {
        const queue = this.#take(queues)
        if (fulfils(queue.brokerName)) return queue
      }
    }
    return this.#take(queues)
  }

  #take(queues: readonly MessageQueue[]): MessageQueue {
    this.#index = (this.#index + 1) % Number.MAX_SAFE_INTEGER
    return queues[this.#index % queues.length]!
  }
}

/**
 * What is wished of the broker of the next attempt, the dearest wish first: one that was not tried
 * yet, or at least not last; among those one that is available, or at least reachable.
 */
export function brokerWishes(
  tried: readonly string[],
  faults: LatencyFaults,
): readonly BrokerWish[] {
  const isNew: readonly BrokerWish[] =
    tried.length === 0
      ? NO_WISHES
      : [(name) => !tried.includes(name), (name) => name !== tried.at(-1)]
  if (faults.isEmpty) return isNew
  const isGood: readonly BrokerWish[] = [
    (name) => faults.isAvailable(name),
    (name) => faults.isReachable(name),
  ]
  if (tried.length === 0) return isGood
  return isNew.flatMap((wish) => [
    ...isGood.map(
      (other): BrokerWish =>
        (name) =>
          wish(name) && other(name),
    ),
    wish,
  ])
}

/** The queue of all messages with `shardingKey`: the one that a Java client chooses too. */
export function queueByHash(queues: readonly MessageQueue[], shardingKey: string): MessageQueue {
  assert(queues.length > 0, 'there is a queue to choose')
  return queues[Math.abs(javaHash(shardingKey) % queues.length)]!
}
