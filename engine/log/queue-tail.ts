import { RecentRecords } from './recent-records.ts'

/**
 * The end of one queue as the log knows it: ahead of the consume queue by what reput still owes.
 */
export class QueueTail {
  readonly topic: string
  readonly queueId: number
  /** Queue offset that the next message gets. */
  nextQueueOffset: number
  /** Physical offset just behind the queue's newest record in this process's lifetime; 0 before. */
  lastRecordEnd = 0
  /** The turn that last touched this queue, and the values to go back to if that turn fails. */
  turn = -1
  turnStartQueueOffset = 0
  turnStartRecordEnd = 0
  /** The newest records, since somebody has followed the queue. */
  recent: RecentRecords | undefined

  constructor(topic: string, queueId: number, nextQueueOffset: number) {
    this.topic = topic
    this.queueId = queueId
    this.nextQueueOffset = nextQueueOffset
  }

  /** Keeps the newest records from now on, for readers who wait at the end of the queue. */
  follow(): void {
    this.recent ??= new RecentRecords()
  }

  /** Whether what comes to this offset is found among {@link recent} as soon as it is written. */
  announces(queueOffset: number): boolean {
    if (this.recent === undefined) return false
    return queueOffset >= this.nextQueueOffset || this.recent.has(queueOffset)
  }
}

/** Every queue's tail. One not seen yet is asked for once, from the consume queue on disk. */
export class QueueTails {
  readonly #tails = new Map<string, (QueueTail | undefined)[]>()
  readonly #loadNextQueueOffset: (topic: string, queueId: number) => number
  /** Messages of one topic come in a row: its queues need not be looked up for each. */
  #latestTopic: string | undefined
  #latestQueues: (QueueTail | undefined)[] | undefined

  constructor(loadNextQueueOffset: (topic: string, queueId: number) => number) {
    this.#loadNextQueueOffset = loadNextQueueOffset
  }

  tail(topic: string, queueId: number): QueueTail {
    const known = this.known(topic, queueId)
    if (known !== undefined) return known
    const tail = new QueueTail(topic, queueId, this.#loadNextQueueOffset(topic, queueId))
    this.#queuesOf(topic)[queueId] = tail
    return tail
  }

  /** The tail if it is in memory. */
  known(topic: string, queueId: number): QueueTail | undefined {
    if (topic !== this.#latestTopic || this.#latestQueues === undefined) {
      this.#latestTopic = topic
      this.#latestQueues = this.#tails.get(topic)
    }
    return this.#latestQueues?.[queueId]
  }

  /** Takes what a scan of the log found: this queue's newest record. */
  restore(topic: string, queueId: number, nextQueueOffset: number, recordEnd: number): void {
    const known = this.known(topic, queueId)
    const tail = known ?? new QueueTail(topic, queueId, nextQueueOffset)
    tail.nextQueueOffset = nextQueueOffset
    tail.lastRecordEnd = recordEnd
    this.#queuesOf(topic)[queueId] = tail
  }

  /** Where the known queues of a topic end. */
  ends(topic: string): Map<QueueTail, number> {
    const known = this.#queuesOf(topic).filter((tail) => tail !== undefined)
    return new Map(known.map((tail) => [tail, tail.nextQueueOffset]))
  }

  #queuesOf(topic: string): (QueueTail | undefined)[] {
    let queues = this.#tails.get(topic)
    if (queues === undefined) {
      queues = []
      this.#tails.set(topic, queues)
    }
    return queues
  }
}
