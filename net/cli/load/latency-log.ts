import { writeFileSync } from 'node:fs'
import * as hdr from 'hdr-histogram-js'

/** Latencies are kept in nanoseconds, with three significant digits, up to this. */
const LATENCY_NS_MAX = 600 * 10 ** 9
const SIGNIFICANT_DIGITS = 3
const NS_PER_MS = 10 ** 6
const NS_PER_US = 1000
const MS_PER_SECOND = 1000

/** Percentiles of latencies, in microseconds. */
export interface LatencySummary {
  readonly count: number
  readonly p50Us: number
  readonly p90Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
}

/** Records latencies in an HDR histogram, and by interval for a `.hlog` file. */
export class LatencyLog {
  readonly #total = createHistogram()
  readonly #interval = createHistogram()
  readonly #lines: string[] = []
  readonly #writer: hdr.HistogramLogWriter | undefined
  #intervalStartMs = 0

  private constructor(isLogged: boolean) {
    this.#writer = isLogged
      ? new hdr.HistogramLogWriter((line) => this.#lines.push(line))
      : undefined
  }

  /** @param isLogged whether the intervals are kept for {@link writeFile} */
  static async create(isLogged: boolean): Promise<LatencyLog> {
    await hdr.initWebAssembly()
    return new LatencyLog(isLogged)
  }

  /** Forgets everything and begins the first interval. */
  start(nowMs: number): void {
    this.#total.reset()
    this.#interval.reset()
    this.#lines.length = 0
    this.#intervalStartMs = nowMs
    this.#writer?.outputLogFormatVersion()
    this.#writer?.outputStartTime(nowMs)
    this.#writer?.outputLegend()
  }

  record(latencyMs: number, count = 1): void {
    const latencyNs = Math.round(latencyMs * NS_PER_MS)
    const value = Math.min(Math.max(latencyNs, 0), LATENCY_NS_MAX)
    this.#interval.recordValueWithCount(value, count)
  }

  /** Ends an interval; its summary. `nowMs` is the time since 1970. */
  endInterval(nowMs: number): LatencySummary {
    const summary = summarise(this.#interval)
    this.#total.add(this.#interval)
    this.#writer?.outputIntervalHistogram(
      this.#interval,
      this.#intervalStartMs / MS_PER_SECOND,
      nowMs / MS_PER_SECOND,
      NS_PER_MS,
    )
    this.#interval.reset()
    this.#intervalStartMs = nowMs
    return summary
  }

  /** Everything up to the last {@link endInterval}. */
  summary(): LatencySummary {
    return summarise(this.#total)
  }

  /** Writes the intervals as an HdrHistogram log (values in nanoseconds, maxima in ms). */
  writeFile(path: string): void {
    writeFileSync(path, this.#lines.join(''))
  }
}

function createHistogram(): hdr.Histogram {
  return hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LATENCY_NS_MAX,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
    bitBucketSize: 64,
    useWebAssembly: true,
  })
}

function summarise(histogram: hdr.Histogram): LatencySummary {
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / NS_PER_US
  return {
    count: histogram.totalCount,
    p50Us: at(50),
    p90Us: at(90),
    p99Us: at(99),
    p999Us: at(99.9),
    maxUs: histogram.maxValue / NS_PER_US,
  }
}
