/** Samples that {@link RateRing} keeps: ten minutes, one a second (Java: StoreStatsService). */
const SAMPLE_COUNT_MAX = 10 * 60 + 1

/** Rates of one growing total over the last seconds, from one sample a second. */
export class RateRing {
  readonly #timesMs = new Float64Array(SAMPLE_COUNT_MAX)
  readonly #totals = new Float64Array(SAMPLE_COUNT_MAX)
  #sampleCount = 0

  /** Takes the total as it is now. Called once a second. */
  sample(nowMs: number, total: number): void {
    const index = this.#sampleCount % SAMPLE_COUNT_MAX
    this.#timesMs[index] = nowMs
    this.#totals[index] = total
    this.#sampleCount += 1
  }

  /** Growth a second over the last `seconds`, or over as many as have been sampled. */
  perSecond(seconds: number): number {
    const kept = Math.min(this.#sampleCount, SAMPLE_COUNT_MAX)
    const steps = Math.min(seconds, kept - 1)
    if (steps <= 0) return 0
    const last = (this.#sampleCount - 1) % SAMPLE_COUNT_MAX
    const first = (this.#sampleCount - 1 - steps) % SAMPLE_COUNT_MAX
    const elapsedMs = this.#timesMs[last]! - this.#timesMs[first]!
    if (elapsedMs <= 0) return 0
    return ((this.#totals[last]! - this.#totals[first]!) * 1000) / elapsedMs
  }
}
