/** What a store was told, in the order of its log, and what of it may never be lost. */
import type { StoredMessage } from '../../../engine/format/stored-message.ts'

/** A message that was given its offsets. */
export interface ModelMessage {
  readonly topic: string
  readonly queueId: number
  readonly queueOffset: number
  readonly physicalOffset: number
  /** Physical offset just behind its record. */
  readonly end: number
  readonly body: string
  readonly keys: readonly string[]
  readonly tags: string
}

export function queueKey({ topic, queueId }: { topic: string; queueId: number }): string {
  return `${topic}/${queueId}`
}

/** What a reader must find in a queue. */
export interface ExpectedQueue {
  readonly topic: string
  readonly queueId: number
  /** All of them, and at the end. */
  readonly kept: readonly ModelMessage[]
  /** The last so many of these may come before: the power went while they were deleted. */
  readonly perhaps: readonly ModelMessage[]
  /** Smallest and largest number that its next message may get when it has none left. */
  readonly nextMin: number
  readonly nextMax: number
}

export class LogModel {
  #messages: ModelMessage[] = []
  /** What was acknowledged as being on the disk ends here; physical offset. */
  #durableEnd = 0
  /** What comes before in the log is in no queue of a topic; physical offset. */
  readonly #deletedUntil = new Map<string, number>()
  /** The log starts here. */
  #startOffset = 0
  /** Or up to here: the power may go when a segment is half deleted. */
  #startOffsetMax = 0
  /** The same if a deletion came as far as the disk that was never acknowledged. */
  readonly #perhapsUntil = new Map<string, number>()

  /** What the log still holds. */
  get messages(): readonly ModelMessage[] {
    return this.messagesFrom(this.#startOffset)
  }

  get startOffset(): number {
    return this.#startOffset
  }

  get startOffsetMax(): number {
    return this.#startOffsetMax
  }

  messagesFrom(startOffset: number): readonly ModelMessage[] {
    return this.#messages.filter(({ physicalOffset }) => physicalOffset >= startOffset)
  }

  get durableEnd(): number {
    return this.#durableEnd
  }

  append(message: ModelMessage): void {
    this.#messages.push(message)
  }

  /** Everything that ends before is acknowledged. @returns how many messages newly so */
  acknowledge(flushedOffset: number): number {
    const last = this.#messages.findLast(({ end }) => end <= flushedOffset)
    const before = this.#durableEnd
    this.#durableEnd = Math.max(before, last?.end ?? 0)
    return this.messagesFrom(before).filter(({ end }) => end <= this.#durableEnd).length
  }

  /** A topic is about to be deleted: the power may go when it is half done. */
  beginDeletion(topic: string): void {
    this.#perhapsUntil.set(topic, this.#messages.at(-1)?.end ?? 0)
  }

  /** The deletion is acknowledged: nothing brings the topic's messages back. */
  acknowledgeDeletion(topic: string): void {
    this.#deletedUntil.set(topic, this.#perhapsUntil.get(topic) ?? 0)
  }

  /** The log is about to lose everything before an offset. */
  deleteBefore(startOffset: number): void {
    this.#startOffsetMax = startOffset
  }

  /** It has lost it. */
  deletedBefore(startOffset: number): void {
    this.#startOffset = startOffset
  }

  /** The power went: the log is between these now. @returns how many messages are lost */
  recover({ startOffset, endOffset }: { startOffset: number; endOffset: number }): number {
    this.#startOffset = startOffset
    this.#startOffsetMax = startOffset
    const kept = this.#messages.findLastIndex(({ end }) => end <= endOffset) + 1
    const lostCount = this.#messages.length - kept
    this.#messages.length = kept
    for (const [topic, until] of this.#perhapsUntil) {
      this.#perhapsUntil.set(topic, Math.min(until, endOffset))
    }
    this.acknowledge(endOffset)
    return lostCount
  }

  queues(): Map<string, ExpectedQueue> {
    const queues = new Map<string, ModelMessage[]>()
    for (const message of this.#messages) {
      const key = queueKey(message)
      const queue = queues.get(key) ?? []
      // A number that comes again was given after the queue was deleted.
      if (message.queueOffset <= (queue.at(-1)?.queueOffset ?? -1)) queue.length = 0
      queue.push(message)
      queues.set(key, queue)
    }
    return new Map([...queues].map(([key, queue]) => [key, this.#expected(queue)]))
  }

  /** Physical offsets of the messages that carry a key, newest first. */
  withKey(topic: string, key: string): number[] {
    return this.messages
      .filter((message) => message.topic === topic && message.keys.includes(key))
      .map(({ physicalOffset }) => physicalOffset)
      .reverse()
  }

  #expected(queue: readonly ModelMessage[]): ExpectedQueue {
    const { topic = '', queueId = 0 } = queue[0] ?? {}
    const deletedUntil = this.#deletedUntil.get(topic) ?? 0
    const perhapsUntil = this.#perhapsUntil.get(topic) ?? 0
    const left = queue.filter(({ physicalOffset }) => physicalOffset >= deletedUntil)
    const kept = left.filter(({ physicalOffset }) => physicalOffset >= perhapsUntil)
    const perhaps = left.slice(0, left.length - kept.length)
    const isHeld = ({ physicalOffset }: ModelMessage) => physicalOffset >= this.#startOffset
    const nextMax = (left.at(-1)?.queueOffset ?? -1) + 1
    const nextMin = kept.length > 0 ? nextMax : 0
    const held = { kept: kept.filter(isHeld), perhaps: perhaps.filter(isHeld) }
    return { topic, queueId, ...held, nextMin, nextMax }
  }
}

/** Why a stored message is not the one that was sent; undefined when it is. */
export function differenceOf(stored: StoredMessage, message: ModelMessage): string | undefined {
  const found = {
    topic: stored.topic,
    queueId: stored.queueId,
    queueOffset: stored.queueOffset,
    physicalOffset: stored.physicalOffset,
    end: stored.physicalOffset + stored.totalBytes,
    body: stored.body.toString(),
    keys: stored.properties.get('KEYS') ?? '',
    tags: stored.properties.get('TAGS') ?? '',
  }
  const wanted = { ...message, keys: message.keys.join(' ') }
  for (const [name, value] of Object.entries(wanted)) {
    const other = found[name as keyof typeof found]
    if (other !== value) return `${name} is ${String(other)}, but was sent as ${String(value)}`
  }
  return undefined
}
