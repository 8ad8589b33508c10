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
  readonly body: { readonly length: number }
}

/**
 * The messages of one queue that were pulled and are not done yet. Only what lies before the first
 * of them counts as consumed. RocketMQ: `ProcessQueue`.
 *
 *     consumed │ waiting   done   waiting   waiting │ not pulled yet
 *              └ committable                        └ nextOffset
 */
export class ProcessQueue {
  readonly #limits: () => QueueLimits
  /** Size by offset of what waits. */
  readonly #waiting = new Map<number, number>()
  /** Every offset that was put in, in order, from `#first` on; those before it are done. */
  #offsets: number[] = []
  #first = 0
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
    return this.#waiting.size
  }

  get cached(): CachedMessages {
    const isEmpty = this.#waiting.size === 0
    return {
      count: this.#waiting.size,
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
    return this.#waiting.has(message.queueOffset)
  }

  /** Takes messages with rising offsets; everything before `nextOffset` has now been pulled. */
  put(messages: readonly WaitingMessage[], nextOffset: number): void {
    for (const { queueOffset, body } of messages) {
      const last = this.#offsets.at(-1) ?? -1
      assert(queueOffset > last, 'offsets of a queue rise')
      this.#offsets.push(queueOffset)
      this.#waiting.set(queueOffset, body.length)
      this.#bytes += body.length
    }
    this.#nextOffset = Math.max(nextOffset, (this.#offsets.at(-1) ?? -1) + 1)
  }

  /** Marks messages as done. */
  remove(messages: readonly WaitingMessage[]): void {
    this.#lastConsumeAtMs = Date.now()
    for (const { queueOffset } of messages) {
      const bytes = this.#waiting.get(queueOffset)
      if (bytes === undefined) continue
      this.#waiting.delete(queueOffset)
      this.#bytes -= bytes
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
    return this.#waiting.size < countMax && this.#bytes < bytesMax && span < spanMax
  }

  #skipDone(): void {
    while (this.#first < this.#offsets.length) {
      if (this.#waiting.has(this.#offsets[this.#first]!)) break
      this.#first += 1
    }
    // Cut off now and then, so that a long life costs neither memory nor a move for each message.
    if (this.#first * 2 < this.#offsets.length) return
    this.#offsets = this.#offsets.slice(this.#first)
    this.#first = 0
  }
}
