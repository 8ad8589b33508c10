import { assert } from '../../engine/base/assert.ts'
import { type Deferred, deferred } from '../../engine/base/deferred.ts'
import type { LiteInbox } from './lite-inbox.ts'
import type { ReceivedMessage } from './message.ts'
import type { PulledMessage } from './pulled-messages.ts'
import type { PullSink } from './queue-puller.ts'
import type { CachedMessages } from './running-info.ts'

/** How much of one queue may wait to be polled. */
export interface LiteQueueLimits {
  readonly countMax: number
  readonly bytesMax: number
}

/**
 * A queue whose messages wait to be polled.
 *
 *     handed out │ waiting │ not pulled yet
 *                └ position └ nextOffset
 */
export class LiteQueue implements PullSink {
  readonly #inbox: LiteInbox
  readonly #limits: LiteQueueLimits
  /** What each pull brought and is not handed out yet; none of them is empty. */
  #batches: (readonly PulledMessage[])[] = []
  #count = 0
  #bytes = 0
  #nextOffset: number
  #lastTakeAtMs = Date.now()
  #isClosed = false
  #room: Deferred<void> | undefined

  constructor(startOffset: number, inbox: LiteInbox, limits: LiteQueueLimits) {
    this.#nextOffset = startOffset
    this.#inbox = inbox
    this.#limits = limits
  }

  get hasReady(): boolean {
    return this.#batches.length > 0
  }

  /** Everything before this offset is handed out, or unwanted. */
  get position(): number {
    return this.#batches[0]?.[0]?.queueOffset ?? this.#nextOffset
  }

  /**
   * Hands out at most `countMax` messages of the oldest pull.
   * @throws {ClientError} `CLIENT_BODY_UNREADABLE` when the first of them cannot be read; it stays
   *   the first
   */
  take(countMax: number): readonly ReceivedMessage[] {
    const [batch] = this.#batches
    assert(batch !== undefined, 'only a queue that has something ready is asked')
    const [first] = batch
    if (first?.failure !== undefined) throw first.failure
    const unreadableAt = batch.findIndex(({ failure }) => failure !== undefined)
    const count = Math.min(countMax, unreadableAt === -1 ? batch.length : unreadableAt)
    const taken = batch.slice(0, count)
    this.#lastTakeAtMs = Date.now()
    if (count < batch.length) {
      this.#batches[0] = batch.slice(count)
    } else {
      this.#batches.shift()
      this.#inbox.endTurn()
    }
    this.#uncount(taken)
    return taken.map(({ message }) => message)
  }

  async room(): Promise<void> {
    if (this.#isClosed || this.#isBelowLimits()) return
    this.#room = deferred()
    this.#inbox.block(this)
    await this.#room.promise
  }

  /** Lets the puller go on if there is room by now. */
  checkRoom(): void {
    if (this.#isClosed || this.#isBelowLimits()) this.#unblock()
  }

  accept(messages: readonly PulledMessage[], nextOffset: number): void {
    this.#nextOffset = nextOffset
    if (messages.length === 0) return
    this.#batches.push(messages)
    this.#count += messages.length
    for (const { bodyBytes } of messages) this.#bytes += bodyBytes
    this.#inbox.added(this, messages.length)
  }

  moved(nextOffset: number): void {
    this.#nextOffset = nextOffset
  }

  get cached(): CachedMessages {
    const isEmpty = this.#count === 0
    return {
      count: this.#count,
      bytes: this.#bytes,
      minOffset: isEmpty ? 0 : this.position,
      maxOffset: isEmpty ? 0 : this.#batches.at(-1)!.at(-1)!.queueOffset,
      lastConsumeAtMs: this.#lastTakeAtMs,
    }
  }

  /** What was handed out counts when the consumer says so. */
  finish(): undefined {
    this.close()
  }

  close(): void {
    this.#isClosed = true
    const dropped = this.#batches.flat()
    this.#batches = []
    this.#uncount(dropped)
    this.#unblock()
  }

  #isBelowLimits(): boolean {
    const { bytesMax, countMax } = this.#limits
    return this.#count < countMax && this.#bytes < bytesMax && this.#inbox.hasRoom
  }

  #uncount(messages: readonly PulledMessage[]): void {
    this.#count -= messages.length
    for (const { bodyBytes } of messages) this.#bytes -= bodyBytes
    this.#inbox.removed(messages.length)
  }

  #unblock(): void {
    this.#inbox.unblock(this)
    this.#room?.resolve()
    this.#room = undefined
  }
}
