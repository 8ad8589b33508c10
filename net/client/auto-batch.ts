/** Single messages, sent together. RocketMQ: `ProduceAccumulator`. */

import { assert } from '../../engine/base/assert.ts'
import { type Deferred, deferred } from '../../engine/base/deferred.ts'
import type { BatchSendResult, Message, SendResult } from './message.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'
import type { BatchEntry } from './outgoing-message.ts'
import { isRetryTopic } from './resource-name.ts'

/** What an {@link AutoBatch} works with. */
export interface AutoBatchOptions {
  /** Longest time that a message waits for others. */
  readonly delayMs: number
  /** What is gathered is sent when it has more than this many bytes. */
  readonly batchBytes: number
  /** With this many bytes gathered or on their way, further messages are sent alone. */
  readonly totalBytes: number
  /** Bodies from here on are sent alone, since a batch is not compressed. */
  readonly compressFromBytes: number
  /** Checks and encodes a message; throws when it cannot be sent. */
  readonly prepare: (message: Message) => BatchEntry
  /** Sends what belongs together, in the order given; never more than one request may carry. */
  readonly send: (
    entries: readonly BatchEntry[],
    first: Message,
    queue: MessageQueue | undefined,
  ) => Promise<BatchSendResult>
  /** What is gathered, as the requests that may carry it. */
  readonly split: (entries: readonly BatchEntry[]) => readonly (readonly BatchEntry[])[]
}

/** Messages that go to one topic, or one of its queues, and are alike in what a batch shares. */
interface Gathering {
  readonly first: Message
  readonly queue: MessageQueue | undefined
  readonly results: Map<BatchEntry, Deferred<SendResult>>
  readonly timer: NodeJS.Timeout
  bytes: number
}

export class AutoBatch {
  readonly #options: AutoBatchOptions
  readonly #gatherings = new Map<string, Gathering>()
  #heldBytes = 0

  constructor(options: AutoBatchOptions) {
    this.#options = options
  }

  /**
   * Has `message` wait for others and sends it with them; undefined when it has to be sent alone.
   * @throws {ClientError} `CLIENT_MESSAGE_ILLEGAL`
   */
  add(message: Message, queue: MessageQueue | undefined): Promise<SendResult> | undefined {
    const { batchBytes, compressFromBytes, prepare, totalBytes } = this.#options
    if (this.#heldBytes >= totalBytes || !canShare(message, compressFromBytes)) return undefined
    const entry = prepare(message)
    const key = gatheringKey(message, queue)
    const gathering = this.#gatherings.get(key) ?? this.#open(key, message, queue)
    const result = deferred<SendResult>()
    gathering.results.set(entry, result)
    gathering.bytes += entry.bytes.length
    this.#heldBytes += entry.bytes.length
    if (gathering.bytes > batchBytes) this.#close(key)
    return result.promise
  }

  /** Sends at once what waits. */
  flush(): void {
    for (const key of [...this.#gatherings.keys()]) this.#close(key)
  }

  #open(key: string, first: Message, queue: MessageQueue | undefined): Gathering {
    const timer = setTimeout(() => this.#close(key), this.#options.delayMs)
    const gathering = { first, queue, results: new Map(), timer, bytes: 0 }
    this.#gatherings.set(key, gathering)
    return gathering
  }

  #close(key: string): void {
    const gathering = this.#gatherings.get(key)
    assert(gathering !== undefined, 'what is closed was opened')
    this.#gatherings.delete(key)
    clearTimeout(gathering.timer)
    for (const part of this.#options.split([...gathering.results.keys()])) {
      void this.#send(gathering, part)
    }
  }

  /** Never rejects: who waits for a message hears how it ended. */
  async #send({ first, queue, results }: Gathering, part: readonly BatchEntry[]): Promise<void> {
    try {
      const stored = await this.#options.send(part, first, queue)
      for (const [at, entry] of part.entries()) results.get(entry)?.resolve(oneOf(stored, at))
    } catch (error) {
      for (const entry of part) results.get(entry)?.reject(error as Error)
    } finally {
      for (const entry of part) this.#heldBytes -= entry.bytes.length
    }
  }
}

/** Java's rules of what the accumulator takes, and the one about compression. */
function canShare({ body, delayLevel, topic }: Message, compressFromBytes: number): boolean {
  return (delayLevel ?? 0) === 0 && !isRetryTopic(topic) && body.length < compressFromBytes
}

/** Java: `ProduceAccumulator.AggregateKey`. */
function gatheringKey(message: Message, queue: MessageQueue | undefined): string {
  const { tags = '', topic, waitForStore = true } = message
  return JSON.stringify([topic, queue && queueKey(queue), waitForStore, tags])
}

/** Where the message at `at` of a batch is stored; a broker that keeps batches whole has one place
 *  for all of them. */
function oneOf(batch: BatchSendResult, at: number): SendResult {
  const { messageIds, offsetMessageIds, queueOffset, ...shared } = batch
  const isSpread = offsetMessageIds.length === messageIds.length
  return {
    ...shared,
    messageId: messageIds[at]!,
    offsetMessageId: offsetMessageIds[isSpread ? at : 0]!,
    queueOffset: queueOffset + (isSpread ? at : 0),
  }
}
