import { compareQueues, compareText, type MessageQueue } from './message-queue.ts'

/**
 * The share of `clientId` in `queues`, when `clientIds` share them: each gets a run of neighbours,
 * the first ones one more where they do not divide evenly. Every member of a group computes this
 * for itself, so all must come to the same result, Java's clients included. RocketMQ:
 * `AllocateMessageQueueAveragely`.
 */
export function allocateAveragely(
  clientId: string,
  queues: readonly MessageQueue[],
  clientIds: readonly string[],
): readonly MessageQueue[] {
  const index = clientIds.toSorted(compareText).indexOf(clientId)
  if (index === -1) return []
  const remainder = queues.length % clientIds.length
  const smallShare = Math.floor(queues.length / clientIds.length)
  const start = index * smallShare + Math.min(index, remainder)
  const end = start + smallShare + (index < remainder ? 1 : 0)
  return queues.toSorted(compareQueues).slice(start, end)
}
