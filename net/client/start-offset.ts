import type { MessageQueue } from './message-queue.ts'
import type { OffsetStore } from './offset-store.ts'
import type { QueueOffsets } from './queue-offsets.ts'
import { isRetryTopic } from './resource-name.ts'

/**
 * Where a group begins in a queue in which it has stored no offset: at the `first` message that is
 * left, behind the `last` one, or at the first one that was stored at a time or later.
 */
export type ConsumeFrom = 'first' | 'last' | Date

/**
 * The offset to begin at in a queue that has just been assigned. RocketMQ:
 * `RebalancePushImpl.computePullFromWhereWithException`; unlike there, a start by time does not
 * begin at 0 in a young queue, and failed messages that wait in a retry topic are never skipped.
 * @throws {ClientError} of every kind of request
 */
export async function startOffsetOf(
  queue: MessageQueue,
  from: ConsumeFrom,
  store: OffsetStore,
  offsets: QueueOffsets,
): Promise<number> {
  const stored = await store.fetch(queue, from === 'last')
  if (stored !== undefined) return stored
  // The broker corrects a 0 that is too small.
  if (from === 'first' || isRetryTopic(queue.topic)) return 0
  return from === 'last' ? offsets.max(queue) : offsets.atTime(queue, from.getTime())
}

/** The name that heartbeats carry (Java: ConsumeFromWhere). */
export function consumeFromWhereOf(from: ConsumeFrom): string {
  if (from === 'first') return 'CONSUME_FROM_FIRST_OFFSET'
  return from === 'last' ? 'CONSUME_FROM_LAST_OFFSET' : 'CONSUME_FROM_TIMESTAMP'
}
