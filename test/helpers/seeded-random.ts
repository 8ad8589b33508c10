/**
 * A small random number generator (mulberry32) that gives the same numbers for the same seed, so
 * that a failing case can be run again. Put the seed into the message of what may fail.
 */
export class SeededRandom {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed
    this.#state = seed
  }

  /** An integer from 0 up to, not including, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit)
  }

  /** A buffer of random bytes. */
  bytes(count: number): Buffer {
    const buffer = Buffer.alloc(count)
    for (let index = 0; index < count; index++) buffer[index] = this.below(0x100)
    return buffer
  }

  /** One of `values`. */
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }
}
