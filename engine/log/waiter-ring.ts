import { assert } from '../base/assert.ts'

/** What a ring holds: one reused object for each place. */
export interface OffsetWaiter {
  /** The waiter is released when the watermark reaches this physical offset. */
  untilOffset: number
}

/**
 * Those who wait for a watermark of the log, in the order of their offsets. Slots are objects that
 * are filled in place and reused: waiting allocates nothing.
 */
export class WaiterRing<T extends OffsetWaiter> {
  readonly #makeSlot: () => T
  #slots: T[] = []
  #head = 0
  #count = 0

  constructor(makeSlot: () => T, capacity = 64) {
    assert((capacity & (capacity - 1)) === 0, 'capacity is a power of two')
    this.#makeSlot = makeSlot
    this.#slots = Array.from({ length: capacity }, makeSlot)
  }

  get count(): number {
    return this.#count
  }

  /** A slot at the end of the ring, for the caller to fill. Offsets never go down. */
  add(untilOffset: number): T {
    if (this.#count === this.#slots.length) this.#grow()
    const slot = this.#at(this.#count)
    slot.untilOffset = untilOffset
    this.#count += 1
    return slot
  }

  /** Hands everyone whose offset the watermark has reached to `release`, oldest first. */
  releaseUpTo(watermark: number, release: (waiter: T) => void): void {
    while (this.#count > 0) {
      const slot = this.#at(0)
      if (slot.untilOffset > watermark) return
      this.#head = (this.#head + 1) & (this.#slots.length - 1)
      this.#count -= 1
      release(slot)
    }
  }

  /** Hands everyone who waits for more than `fromOffset` to `release`, oldest first. */
  releaseBeyond(fromOffset: number, release: (waiter: T) => void): void {
    let kept = this.#count
    while (kept > 0 && this.#at(kept - 1).untilOffset > fromOffset) kept -= 1
    const released = this.#count - kept
    this.#count = kept
    for (let index = 0; index < released; index += 1) release(this.#at(kept + index))
  }

  /** The oldest waiter, if any. */
  oldest(): T | undefined {
    return this.#count === 0 ? undefined : this.#at(0)
  }

  /** The newest waiter, if any. */
  newest(): T | undefined {
    return this.#count === 0 ? undefined : this.#at(this.#count - 1)
  }

  #at(index: number): T {
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)] as T
  }

  #grow(): void {
    const ordered = Array.from({ length: this.#count }, (_, index) => this.#at(index))
    const added = Array.from({ length: this.#slots.length }, this.#makeSlot)
    this.#slots = [...ordered, ...added]
    this.#head = 0
  }
}
