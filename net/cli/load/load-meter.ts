import { ResponseCode } from '../../protocol/response-code.ts'
import { LoadError } from './errors.ts'
import type { LatencyLog, LatencySummary } from './latency-log.ts'

/** What a phase of a load has done. */
export interface LoadFigures {
  readonly messageCount: number
  readonly requestCount: number
  /** Bytes of message bodies or, for a consumer, of pulled records. */
  readonly bytes: number
  /** From the first request to the last response. */
  readonly elapsedMs: number
  readonly latency: LatencySummary
  /** How many requests were answered with each other code than SUCCESS. */
  readonly refusals: Readonly<Record<string, number>>
}

/** A look at a running phase. */
export interface LoadProgress {
  readonly elapsedMs: number
  readonly messageCount: number
  /** Messages a second since the last look. */
  readonly ratePerSecond: number
  /** Latencies since the last look. */
  readonly latency: LatencySummary
}

export type OnProgress = (progress: LoadProgress) => void

const INTERVAL_MS = 1000
const STALL_MS = 30_000

/** Answers after which a producer goes on: it was busy, or slow to flush or to replicate. */
const PASSING_CODES: ReadonlySet<number> = new Set([
  ResponseCode.SYSTEM_BUSY,
  ResponseCode.FLUSH_DISK_TIMEOUT,
  ResponseCode.SLAVE_NOT_AVAILABLE,
  ResponseCode.FLUSH_SLAVE_TIMEOUT,
])

/** Counts what happens in one phase of a load, and reports once a second. */
export class LoadMeter {
  messageCount = 0
  readonly #latencies: LatencyLog
  readonly #onProgress: OnProgress
  readonly #onStall: (error: LoadError) => void
  readonly #refusals = new Map<number, number>()
  readonly #timer: NodeJS.Timeout
  readonly #startMs: number
  #requestCount = 0
  #bytes = 0
  #lastMs: number
  #lookMs: number
  #lookCount = 0

  constructor(latencies: LatencyLog, onProgress: OnProgress, onStall: (error: LoadError) => void) {
    this.#latencies = latencies
    this.#onProgress = onProgress
    this.#onStall = onStall
    latencies.start(Date.now())
    this.#startMs = performance.now()
    this.#lastMs = this.#startMs
    this.#lookMs = this.#startMs
    this.#timer = setInterval(() => this.#look(), INTERVAL_MS)
  }

  /**
   * Counts one answered request, or `requestCount` that began and were answered together, with the
   * messages and bytes of all. Times are of `performance.now()`.
   */
  record(
    messageCount: number,
    bytes: number,
    sinceMs: number,
    nowMs: number,
    requestCount = 1,
  ): void {
    this.messageCount += messageCount
    this.#requestCount += requestCount
    this.#bytes += bytes
    this.#lastMs = nowMs
    this.#latencies.record(nowMs - sinceMs, requestCount)
  }

  /** Counts a request that was answered with `code`. @throws {LoadError} `LOAD_REFUSED` */
  refuse(code: number, remark: string, nowMs: number): void {
    if (!PASSING_CODES.has(code)) {
      throw new LoadError('LOAD_REFUSED', `the broker answers with code ${code}: ${remark}`)
    }
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1)
    this.#lastMs = nowMs
  }

  /** Ends the phase. */
  stop(): void {
    clearInterval(this.#timer)
    this.#latencies.endInterval(Date.now())
  }

  /** What the phase has done, after {@link stop}. */
  figures(): LoadFigures {
    return {
      messageCount: this.messageCount,
      requestCount: this.#requestCount,
      bytes: this.#bytes,
      elapsedMs: this.#lastMs - this.#startMs,
      latency: this.#latencies.summary(),
      refusals: Object.fromEntries(this.#refusals),
    }
  }

  #look(): void {
    const nowMs = performance.now()
    if (nowMs - this.#lastMs > STALL_MS) {
      const message = `the broker has answered nothing for ${Math.round(nowMs - this.#lastMs)} ms`
      this.#onStall(new LoadError('LOAD_STALLED', message))
      return
    }
    const count = this.messageCount - this.#lookCount
    this.#onProgress({
      elapsedMs: nowMs - this.#startMs,
      messageCount: this.messageCount,
      ratePerSecond: (count * 1000) / (nowMs - this.#lookMs),
      latency: this.#latencies.endInterval(Date.now()),
    })
    this.#lookMs = nowMs
    this.#lookCount = this.messageCount
  }
}
