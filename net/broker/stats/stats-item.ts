/** What one counter did in a period (Java: StatsSnapshot, BrokerStatsItem). */
export interface PeriodStats {
  readonly sum: number
  /** Growth a second. */
  readonly tps: number
  /** Growth an operation. */
  readonly averagePerTime: number
}

interface Sample {
  readonly timeMs: number
  readonly value: number
  readonly times: number
}

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** How often the three periods are sampled, in milliseconds (Java: StatsItemSet). */
export const MINUTE_SAMPLE_MS = 10 * SECOND_MS
export const HOUR_SAMPLE_MS = 10 * MINUTE_MS
export const DAY_SAMPLE_MS = HOUR_MS

/** Samples that span each period: one more than the steps in it (Java: StatsItem). */
const MINUTE_SAMPLE_COUNT = 7
const HOUR_SAMPLE_COUNT = 7
const DAY_SAMPLE_COUNT = 25

/** A counter's last samples in equal steps. */
class Period {
  readonly #stepMs: number
  readonly #sampleCountMax: number
  readonly #samples: Sample[] = []

  constructor(stepMs: number, sampleCountMax: number) {
    this.#stepMs = stepMs
    this.#sampleCountMax = sampleCountMax
  }

  sample(timeMs: number, value: number, times: number): void {
    const samples = this.#samples
    // A counter begins at zero, one step ago: its first growth is seen at once.
    if (samples.length === 0) samples.push({ timeMs: timeMs - this.#stepMs, value: 0, times: 0 })
    samples.push({ timeMs, value, times })
    if (samples.length > this.#sampleCountMax) samples.shift()
  }

  stats(): PeriodStats {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined) return { sum: 0, tps: 0, averagePerTime: 0 }
    const sum = last.value - first.value
    const times = last.times - first.times
    const elapsedMs = last.timeMs - first.timeMs
    return {
      sum,
      tps: elapsedMs > 0 ? (sum * SECOND_MS) / elapsedMs : 0,
      averagePerTime: times > 0 ? sum / times : 0,
    }
  }
}

/** The last minute, hour and day of one counter (Java: StatsItem). */
export class StatsItem {
  readonly #minute = new Period(MINUTE_SAMPLE_MS, MINUTE_SAMPLE_COUNT)
  readonly #hour = new Period(HOUR_SAMPLE_MS, HOUR_SAMPLE_COUNT)
  readonly #day = new Period(DAY_SAMPLE_MS, DAY_SAMPLE_COUNT)

  sampleMinute(nowMs: number, value: number, times: number): void {
    this.#minute.sample(nowMs, value, times)
  }

  sampleHour(nowMs: number, value: number, times: number): void {
    this.#hour.sample(nowMs, value, times)
  }

  sampleDay(nowMs: number, value: number, times: number): void {
    this.#day.sample(nowMs, value, times)
  }

  get minute(): PeriodStats {
    return this.#minute.stats()
  }

  get hour(): PeriodStats {
    return this.#hour.stats()
  }

  get day(): PeriodStats {
    return this.#day.stats()
  }
}
