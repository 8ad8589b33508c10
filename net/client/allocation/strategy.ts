import { compareQueues, compareText, type MessageQueue } from '../message-queue.ts'

/** What there is to divide. */
export interface Division {
  readonly group: string
  /** Whose share is asked for. */
  readonly clientId: string
  /** The queues of one topic, in the order of {@link compareQueues}. */
  readonly queues: readonly MessageQueue[]
  /** All members of the group, the one that asks included, in the order of Java's strings. */
  readonly clientIds: readonly string[]
}

/**
 * How the members of a group share the queues of a topic. Every member computes its share for
 * itself, so all must have the same strategy, and it must come to the same result wherever it is
 * computed. RocketMQ: `AllocateMessageQueueStrategy`.
 */
export interface AllocateStrategy {
  /** Java's name of the strategy, for logs and administrators. */
  readonly name: string
  /** The share of `division.clientId`, which may be empty. What it throws is logged, and the share
   *  of before is kept. */
  readonly allocate: (division: Division) => readonly MessageQueue[]
}

/** The share that `strategy` gives a client; empty when the brokers do not list it. */
export function shareOf(strategy: AllocateStrategy, division: Division): readonly MessageQueue[] {
  const { clientId, clientIds, queues } = division
  if (queues.length === 0 || !clientIds.includes(clientId)) return []
  return strategy.allocate({
    ...division,
    queues: queues.toSorted(compareQueues),
    clientIds: clientIds.toSorted(compareText),
  })
}
