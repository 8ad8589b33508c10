import { writeFileSync } from 'node:fs'

/** With the next request this near, the event loop is kept turning instead of put to sleep: a timer
 *  of Node is late by up to a millisecond, which would count as latency. */
const SPIN_MS = 2
/** The longest nap: what arrives meanwhile waits so long. */
const NAP_MS_MAX = 0.5
/** A nap ends so much later than it should, with {@link sharpenNaps}: the core has to wake up. */
const NAP_LATE_MS = 0.03
/** How much later than asked for the kernel may end a sleep of the thread (proc(5)). */
const TIMER_SLACK_PATH = '/proc/self/timerslack_ns'
const TIMER_SLACK_NS = '1'
const MS_PER_SECOND = 1000

/** What is done until the next request is due: `nap` leaves the core to others. */
export type Waiting = 'spin' | 'nap'

/**
 * When requests are due: the nth at n / rate after the start. Latency counts from there, however
 * late a request leaves, so a broker that stalls cannot slow the measurement down (no coordinated
 * omission).
 */
export class Pace {
  readonly #intervalMs: number
  readonly #startMs: number
  readonly #waiting: Waiting
  readonly #never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #sentCount = 0

  constructor(requestsPerSecond: number, startMs: number, waiting: Waiting = 'spin') {
    this.#intervalMs = MS_PER_SECOND / requestsPerSecond
    this.#startMs = startMs
    this.#waiting = waiting
    if (waiting === 'nap') sharpenNaps()
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
    if (restMs >= SPIN_MS) {
      setTimeout(wake, restMs - SPIN_MS)
      return
    }
    const napMs = Math.min(restMs - NAP_LATE_MS, NAP_MS_MAX)
    if (this.#waiting === 'nap' && napMs > 0) Atomics.wait(this.#never, 0, 0, napMs)
    setImmediate(wake)
  }
}

/** The kernel ends sleeps up to 50 µs late, to end several at once: naps of 50 µs took 124 µs. */
function sharpenNaps(): void {
  try {
    writeFileSync(TIMER_SLACK_PATH, TIMER_SLACK_NS)
  } catch {
    // Naps end later then where that is not allowed, which counts as latency: never as less.
  }
}
