import type { ThreadedStore } from '../../../workers/threaded-store.ts'

/**
 * The offset of a queue that belongs to a time (getOffsetInQueueByTime). The queue must be one of a
 * known topic: the store begins a queue for whatever it is asked for.
 */
export function offsetAtTime(
  store: ThreadedStore,
  queue: { readonly topic: string; readonly queueId: number },
  timestampMs: number,
  boundary: 'lower' | 'upper' = 'lower',
): Promise<number> {
  const { topic, queueId } = queue
  return store.queries.findByTime({
    topic,
    queueId,
    minOffset: store.minQueueOffset(topic, queueId),
    endOffset: store.maxQueueOffset(topic, queueId),
    timestampMs,
    boundary,
  })
}
