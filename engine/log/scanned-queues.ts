/**
 * What a scan of the log says of its queues: where each goes on, and where it began anew. Parts of
 * the log may be scanned apart and put together in their order.
 */
import { BytesMap } from '../base/bytes-map.ts'
import { entersConsumeQueue } from '../format/sys-flag.ts'
import type { LogScanner } from './log-scanner.ts'

export interface ScannedQueue {
  readonly topic: string
  readonly queueId: number
  /** Number of the next message. */
  nextQueueOffset: number
  /** Physical offset just behind the queue's newest record. */
  recordEnd: number
  /** Physical offset of the last record with number 0; undefined when none was met. */
  startOffset: number | undefined
  /** Records of the queue came before that one. */
  isRestarted: boolean
}

export class ScannedQueues implements Iterable<ScannedQueue> {
  readonly #queues = new BytesMap<ScannedQueue>()

  /** Takes a record that stands at a physical offset. */
  see({ view, buffer }: LogScanner, physicalOffset: number): void {
    if (!entersConsumeQueue(view.sysFlag)) return
    const { topicStart, topicEnd, queueId, queueOffset } = view
    const isFirst = queueOffset === 0
    const recordEnd = physicalOffset + view.totalBytes
    const known = this.#queues.get(buffer, topicStart, topicEnd, queueId)
    if (known !== undefined) {
      known.nextQueueOffset = queueOffset + 1
      known.recordEnd = recordEnd
      // Any other number that goes back is damage: only from 0 on is all of a queue in the scan.
      if (isFirst) known.startOffset = physicalOffset
      if (isFirst) known.isRestarted = true
      return
    }
    this.#queues.set(buffer, topicStart, topicEnd, queueId, {
      topic: buffer.toString('utf8', topicStart, topicEnd),
      queueId,
      nextQueueOffset: queueOffset + 1,
      recordEnd,
      startOffset: isFirst ? physicalOffset : undefined,
      isRestarted: false,
    })
  }

  /** Takes what a scan of the part of the log right behind this one found. */
  append(later: Iterable<ScannedQueue>): void {
    for (const queue of later) {
      const topic = Buffer.from(queue.topic)
      const known = this.#queues.get(topic, 0, topic.length, queue.queueId)
      if (known === undefined) {
        this.#queues.set(topic, 0, topic.length, queue.queueId, { ...queue })
        continue
      }
      known.nextQueueOffset = queue.nextQueueOffset
      known.recordEnd = queue.recordEnd
      if (queue.startOffset === undefined) continue
      known.startOffset = queue.startOffset
      known.isRestarted = true
    }
  }

  [Symbol.iterator](): Iterator<ScannedQueue> {
    return this.#queues.values()[Symbol.iterator]()
  }
}
