/** When something that ended is started again. All times in milliseconds. */
export interface RestartTimes {
  /** Before the first start; each one doubles it … @default 500 */
  readonly delayMs: number
  /** … up to this. @default 30_000 */
  readonly delayMsMax: number
  /** How many starts may follow each other … @default 6 */
  readonly startsMax: number
  /** … each of which ends before it has run for this long. @default 60_000 */
  readonly steadyMs: number
}

export const RESTART_TIMES: RestartTimes = Object.freeze({
  delayMs: 500,
  delayMsMax: 30_000,
  startsMax: 6,
  steadyMs: 60_000,
})

/** Decides whether and when something that ended is started again: later each time, then never. */
export class RestartPolicy {
  readonly #times: RestartTimes
  #startCount = 0

  constructor(times: RestartTimes) {
    this.#times = times
  }

  /**
   * What to do about an end.
   * @param ranMs how long it ran since it was ready, 0 when it never was
   * @returns milliseconds to wait, undefined to give up
   */
  afterEnd(ranMs: number): number | undefined {
    const { delayMs, delayMsMax, startsMax, steadyMs } = this.#times
    if (ranMs >= steadyMs) this.#startCount = 0
    if (this.#startCount === startsMax) return undefined
    const waitMs = Math.min(delayMsMax, delayMs * 2 ** this.#startCount)
    this.#startCount += 1
    return waitMs
  }
}
