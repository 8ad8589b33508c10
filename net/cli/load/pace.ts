/** With the next request this near, the event loop is kept turning instead of put to sleep: a timer
 *  of Node is late by up to a millisecond, which would count as latency. */
const SPIN_MS = 2
const MS_PER_SECOND = 1000

/**
 * When requests are due: the nth at n / rate after the start. Latency counts from there, however
 * late a request leaves, so a broker that stalls cannot slow the measurement down (no coordinated
 * omission).
 */
export class Pace {
  readonly #intervalMs: number
  readonly #startMs: number
  #sentCount = 0

  constructor(requestsPerSecond: number, startMs: number) {
    this.#intervalMs = MS_PER_SECOND / requestsPerSecond
    this.#startMs = startMs
  }

  /** When the next request is due. */
  get nextMs(): number {
    return this.#startMs + this.#sentCount * this.#intervalMs
  }

  /** Goes on to the request after the next. */
  advance(): void {
    this.#sentCount += 1
  }

  /** Calls `wake` when the next request is due, or earlier. */
  wait(nowMs: number, wake: () => void): void {
    const restMs = this.nextMs - nowMs
    if (restMs < SPIN_MS) setImmediate(wake)
    else setTimeout(wake, restMs - SPIN_MS)
  }
}
