import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '../../../engine/base/assert.ts'
import { type Deferred, deferred } from '../../../engine/base/deferred.ts'
import { type LogMessage, openStore } from '../../../workers/index.ts'
import type { AppendBenchOptions } from './bench-options.ts'
import { createProgressView, type ProgressView } from './bench-progress.ts'
import type { BenchReport } from './bench-report.ts'
import { LatencyLog } from './latency-log.ts'
import { type LoadFigures, LoadMeter, type OnProgress } from './load-meter.ts'
import { probeSync } from './sync-probe.ts'

const TOPIC = 'AgenaBench'
const FILLER = 'x'
/** The clock is read once for so many acks: for each it would be a tenth of what is measured. */
const ACKS_PER_LOOK = 32

/** `agena bench append`: the log library in this process, in stores of its own that are removed. */
export async function runAppend(options: AppendBenchOptions): Promise<BenchReport> {
  mkdirSync(options.data, { recursive: true })
  const hostSync = probeSync(options.data)
  const latencies = await LatencyLog.create(options.hlog !== undefined)
  const progress = await createProgressView(process.stderr, options.quiet === true)
  const phases = new AppendPhases(options, latencies, progress)
  try {
    if (options.warmup > 0) await phases.warmUp()
    const measured = await phases.measure()
    if (options.hlog !== undefined) latencies.writeFile(options.hlog)
    return { ...measured, hostSync }
  } finally {
    progress.end()
  }
}

/** Each phase has a store of its own: what the first one leaves in memory is free for the next. */
class AppendPhases {
  readonly #options: AppendBenchOptions
  readonly #latencies: LatencyLog
  readonly #progress: ProgressView

  constructor(options: AppendBenchOptions, latencies: LatencyLog, progress: ProgressView) {
    this.#options = options
    this.#latencies = latencies
    this.#progress = progress
  }

  async warmUp(): Promise<void> {
    const messageCountMax = Number.POSITIVE_INFINITY
    await this.#run('warm-up', { durationMs: this.#options.warmup, messageCountMax })
  }

  async measure(): Promise<Omit<BenchReport, 'hostSync'>> {
    const { duration, count, batch, flush, segmentPreparation } = this.#options
    const { figures, cpuUs } = await this.#run('measure', {
      durationMs: count === undefined ? duration : Number.POSITIVE_INFINITY,
      messageCountMax: count ?? Number.POSITIVE_INFINITY,
    })
    return {
      benchmark: 'append',
      target: `the log library in this process, ${batch === 1 ? 'append' : 'appendBatch'}()`,
      topic: TOPIC,
      messageBytes: this.#options.size,
      batchCount: batch,
      connectionCount: 0,
      inFlightCount: this.#options.inFlight,
      durability: `${flush} flush, segments prepared by "${segmentPreparation}"`,
      messageCount: figures.messageCount,
      elapsedMs: figures.elapsedMs,
      ratePerSecond: (figures.messageCount * 1000) / figures.elapsedMs,
      bytesPerSecond: (figures.bytes * 1000) / figures.elapsedMs,
      latency: figures.latency,
      generatorCpuUsPerMessage: cpuUs / figures.messageCount,
      refusals: {},
    }
  }

  async #run(name: string, bounds: AppendBounds): Promise<{ figures: LoadFigures; cpuUs: number }> {
    const { flush, index, segmentPreparation, segmentSize: segmentBytes } = this.#options
    const directory = mkdtempSync(join(this.#options.data, 'agena-bench-append-'))
    try {
      const settings = { flush, index, segmentPreparation, segmentBytes }
      await using store = await openStore(directory, settings)
      this.#progress.begin({ name, ...bounds })
      const cpuStart = process.cpuUsage()
      const load = new AppendLoad(store, this.#options, bounds)
      const figures = await load.run(this.#latencies, this.#progress.show)
      // Queues and index are complete when the store is closed: their work belongs to the messages.
      await store.close()
      const { user, system } = process.cpuUsage(cpuStart)
      return { figures, cpuUs: user + system }
    } finally {
      this.#progress.end()
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

export interface AppendBounds {
  readonly durationMs: number
  readonly messageCountMax: number
}

/** What takes the appends: our log, or another one beside it. */
export interface AppendTarget {
  append(message: LogMessage): Promise<unknown>
  appendBatch(messages: readonly LogMessage[]): Promise<unknown>
}

/** What is appended, and how much of it at a time. */
export type AppendLoadShape = Pick<AppendBenchOptions, 'size' | 'batch' | 'inFlight' | 'queues'>

/** Keeps a number of appends in flight: the next ones start together when all have ended. */
export class AppendLoad {
  readonly #store: AppendTarget
  readonly #messages: readonly LogMessage[]
  readonly #batches: readonly (readonly LogMessage[])[]
  readonly #bounds: AppendBounds
  readonly #batchCount: number
  readonly #bytesPerAppend: number
  readonly #inFlightMax: number
  readonly #done: Deferred<void> = deferred()
  #meter: LoadMeter | undefined
  #endMs = 0
  /** When the appends in flight were started. */
  #startMs = 0
  #startedCount = 0
  #finishedCount = 0
  #recordedCount = 0

  constructor(store: AppendTarget, options: AppendLoadShape, bounds: AppendBounds) {
    this.#store = store
    this.#bounds = bounds
    const body = Buffer.alloc(options.size, FILLER)
    this.#messages = Array.from({ length: options.queues }, (_, queueId) => {
      return { topic: TOPIC, queueId, body }
    })
    this.#batches = this.#messages.map((message) => Array(options.batch).fill(message))
    this.#batchCount = options.batch
    this.#bytesPerAppend = options.batch * options.size
    this.#inFlightMax = options.inFlight
  }

  async run(latencies: LatencyLog, onProgress: OnProgress): Promise<LoadFigures> {
    const meter = new LoadMeter(latencies, onProgress, this.#done.reject)
    this.#meter = meter
    this.#endMs = performance.now() + this.#bounds.durationMs
    this.#fill()
    try {
      await this.#done.promise
    } finally {
      meter.stop()
    }
    return meter.figures()
  }

  /** Appends as many as may be in flight. */
  #fill(): void {
    this.#startMs = performance.now()
    const appendCountMax = Math.ceil(this.#bounds.messageCountMax / this.#batchCount)
    const leftCount = this.#startMs < this.#endMs ? appendCountMax - this.#startedCount : 0
    const count = Math.min(this.#inFlightMax, leftCount)
    for (let index = 0; index < count; index += 1) {
      const queueIndex = this.#startedCount % this.#messages.length
      this.#startedCount += 1
      this.#append(queueIndex).then(this.#onDone, this.#done.reject)
    }
    if (count === 0) this.#done.resolve()
  }

  #append(queueIndex: number): Promise<unknown> {
    return this.#batchCount === 1
      ? this.#store.append(this.#messages[queueIndex]!)
      : this.#store.appendBatch(this.#batches[queueIndex]!)
  }

  readonly #onDone = (): void => {
    this.#finishedCount += 1
    const isLast = this.#finishedCount === this.#startedCount
    if (isLast || this.#finishedCount - this.#recordedCount === ACKS_PER_LOOK) this.#record()
    if (isLast) this.#fill()
  }

  #record(): void {
    assert(this.#meter !== undefined, 'an append belongs to a run')
    const count = this.#finishedCount - this.#recordedCount
    this.#recordedCount = this.#finishedCount
    const messageCount = count * this.#batchCount
    const bytes = count * this.#bytesPerAppend
    this.#meter.record(messageCount, bytes, this.#startMs, performance.now(), count)
  }
}
