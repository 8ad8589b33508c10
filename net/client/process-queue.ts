import { assert } from '../../engine/base/assert.ts'
import { type Deferred, deferred } from '../../engine/base/deferred.ts'
import type { CachedMessages } from './running-info.ts'

/** How much may wait in one queue, so that a slow listener does not fill the memory. */
export interface QueueLimits {
  readonly countMax: number
  readonly bytesMax: number
  /** Largest distance between the first and the last offset that wait. */
  readonly spanMax: number
}

/** What is counted of a message that waits. */
export interface WaitingMessage {
  readonly queueOffset: number
  readonly bodyBytes: number
}

/** Stands for the size of a message that does not wait any more. */
const DONE = -1

/**
 * The messages of one queue that were pulled and are not done yet. Only what lies before the first
 * of them counts as consumed. RocketMQ: `ProcessQueue`.
 *
 *     consumed │ waiting   done   waiting   waiting │ not pulled yet
 *              └ committable                        └ nextOffset
 */
export class ProcessQueue {
  readonly #limits: () => QueueLimits
  /**
   * Every offset that was put in, in order, from `#first` on; those before it are done. Beside each
   * stands the size of its message while that waits.
   */
  #offsets: number[] = []
  #sizes: number[] = []
  #first = 0
  #count = 0
  #bytes = 0
  #nextOffset: number
  #isDropped = false
  #lastConsumeAtMs = Date.now()
  #room: Deferred<void> | undefined

  /** `limits` are asked for each time, since they can change. */
  constructor(startOffset: number, limits: () => QueueLimits) {
    this.#nextOffset = startOffset
    this.#limits = limits
  }

  get isDropped(): boolean {
    return this.#isDropped
  }

  /** How many messages wait. */
  get count(): number {
    return this.#count
  }

  get cached(): CachedMessages {
    const isEmpty = this.#count === 0
    return {
      count: this.#count,
      bytes: this.#bytes,
      minOffset: isEmpty ? 0 : this.#offsets[this.#first]!,
      maxOffset: isEmpty ? 0 : this.#offsets.at(-1)!,
      lastConsumeAtMs: this.#lastConsumeAtMs,
    }
  }

  /** The offset up to which, exclusive, everything is consumed or unwanted. */
  get committable(): number {
    return this.#offsets[this.#first] ?? this.#nextOffset
  }

  has(message: WaitingMessage): boolean {
    return this.#indexOf(message.queueOffset) >= 0
  }

  /** Takes messages with rising offsets; everything before `nextOffset` has now been pulled. */
  put(messages: readonly WaitingMessage[], nextOffset: number): void {
    let last = this.#offsets.at(-1) ?? -1
    for (const { bodyBytes, queueOffset } of messages) {
      assert(queueOffset > last, 'offsets of a queue rise')
      last = queueOffset
      this.#offsets.push(queueOffset)
      this.#sizes.push(bodyBytes)
      this.#bytes += bodyBytes
    }
    this.#count += messages.length
    this.#nextOffset = Math.max(nextOffset, last + 1)
  }

  /** Marks messages as done. */
  remove(messages: readonly WaitingMessage[]): void {
    this.#lastConsumeAtMs = Date.now()
    for (const { queueOffset } of messages) {
      const index = this.#indexOf(queueOffset)
      if (index < 0) continue
      this.#bytes -= this.#sizes[index]!
      this.#sizes[index] = DONE
      this.#count -= 1
    }
    this.#skipDone()
    if (this.#room !== undefined && this.#isBelowLimits()) this.#room.resolve()
  }

  /** Resolves when there is room for more, or when this is dropped. */
  async room(): Promise<void> {
    if (this.#isDropped || this.#isBelowLimits()) return
    this.#room = deferred()
    await this.#room.promise
    this.#room = undefined
  }

  /** The queue is somebody else's now: what becomes of its messages does not count any more. */
  drop(): void {
    this.#isDropped = true
    this.#room?.resolve()
  }

  #isBelowLimits(): boolean {
    const { bytesMax, countMax, spanMax } = this.#limits()
    const span = (this.#offsets.at(-1) ?? 0) - (this.#offsets[this.#first] ?? 0)
    return this.#count < countMax && this.#bytes < bytesMax && span < spanMax
  }

  /** Where the message with this offset is among those that wait, or -1. */
  #indexOf(queueOffset: number): number {
    const offsets = this.#offsets
    // Mostly none is missing between two offsets; where one is, it lies further in front.
    const guess = this.#first + queueOffset - (offsets[this.#first] ?? 0)
    const isThere = offsets[guess] === queueOffset
    let low = isThere ? guess : this.#first
    let high = isThere ? guess : Math.min(guess, offsets.length)
    while (low < high) {
      const middle = (low + high) >>> 1
      if (offsets[middle]! < queueOffset) low = middle + 1
      else high = middle
    }
    return offsets[low] === queueOffset && this.#sizes[low] !== DONE ? low : -1
  }

  #skipDone(): void {
    while (this.#first < this.#offsets.length) {
      if (this.#sizes[this.#first] !== DONE) break
      this.#first += 1
    }
    // Cut off now and then, so that a long life costs neither memory nor a move for each message.
    if (this.#first * 2 < this.#offsets.length) return
    this.#offsets = this.#offsets.slice(this.#first)
    this.#sizes = this.#sizes.slice(this.#first)
    this.#first = 0
  }
}
