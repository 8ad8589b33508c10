import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '../../../engine/base/assert.ts'
import { type Deferred, deferred } from '../../../engine/base/deferred.ts'
import { type LogMessage, type LogStore, openStore } from '../../../workers/index.ts'
import type { AppendBenchOptions } from './bench-options.ts'
import { createProgressView, type ProgressView } from './bench-progress.ts'
import type { BenchReport } from './bench-report.ts'
import { LatencyLog } from './latency-log.ts'
import { type LoadFigures, LoadMeter, type OnProgress } from './load-meter.ts'
import { probeSync } from './sync-probe.ts'

const TOPIC = 'AgenaBench'
const FILLER = 'x'

/** `agena bench append`: the log library in this process, in a store of its own that is removed. */
export async function runAppend(options: AppendBenchOptions): Promise<BenchReport> {
  mkdirSync(options.data, { recursive: true })
  const hostSync = probeSync(options.data)
  const latencies = await LatencyLog.create(options.hlog !== undefined)
  const progress = await createProgressView(process.stderr, options.quiet === true)
  const directory = mkdtempSync(join(options.data, 'agena-bench-append-'))
  try {
    const measured = await measure(options, { directory, latencies, progress })
    if (options.hlog !== undefined) latencies.writeFile(options.hlog)
    return { ...measured, hostSync }
  } finally {
    progress.end()
    rmSync(directory, { recursive: true, force: true })
  }
}

interface AppendParts {
  readonly directory: string
  readonly latencies: LatencyLog
  readonly progress: ProgressView
}

async function measure(
  options: AppendBenchOptions,
  { directory, latencies, progress }: AppendParts,
): Promise<Omit<BenchReport, 'hostSync'>> {
  const { flush, index, segmentPreparation, segmentSize: segmentBytes } = options
  await using store = await openStore(directory, { flush, index, segmentPreparation, segmentBytes })
  const runPhase = (name: string, bounds: AppendBounds): Promise<LoadFigures> => {
    progress.begin({ name, ...bounds })
    const load = new AppendLoad(store, options, bounds)
    return load.run(latencies, progress.show).finally(progress.end)
  }
  if (options.warmup > 0) {
    const messageCountMax = Number.POSITIVE_INFINITY
    await runPhase('warm-up', { durationMs: options.warmup, messageCountMax })
  }
  const cpuStart = process.cpuUsage()
  const figures = await runPhase('measure', {
    durationMs: options.count === undefined ? options.duration : Number.POSITIVE_INFINITY,
    messageCountMax: options.count ?? Number.POSITIVE_INFINITY,
  })
  // Queues and index are complete when the store is closed: their work belongs to the messages.
  await store.close()
  const { user, system } = process.cpuUsage(cpuStart)
  return {
    benchmark: 'append',
    target: 'the log library in this process',
    topic: TOPIC,
    messageBytes: options.size,
    batchCount: options.batch,
    connectionCount: 0,
    inFlightCount: options.inFlight,
    durability: `${flush} flush, segments prepared by "${segmentPreparation}"`,
    messageCount: figures.messageCount,
    elapsedMs: figures.elapsedMs,
    ratePerSecond: (figures.messageCount * 1000) / figures.elapsedMs,
    bytesPerSecond: (figures.bytes * 1000) / figures.elapsedMs,
    latency: figures.latency,
    generatorCpuUsPerMessage: (user + system) / figures.messageCount,
    refusals: {},
  }
}

interface AppendBounds {
  readonly durationMs: number
  readonly messageCountMax: number
}

/** Keeps a number of appends in flight. They end in their order, so a ring holds their times. */
class AppendLoad {
  readonly #store: LogStore
  readonly #messages: readonly LogMessage[]
  readonly #batches: readonly (readonly LogMessage[])[]
  readonly #bounds: AppendBounds
  readonly #bytesPerAppend: number
  readonly #startsMs: Float64Array
  readonly #done: Deferred<void> = deferred()
  #meter: LoadMeter | undefined
  #endMs = 0
  #startedCount = 0
  #finishedCount = 0

  constructor(store: LogStore, options: AppendBenchOptions, bounds: AppendBounds) {
    this.#store = store
    this.#bounds = bounds
    const body = Buffer.alloc(options.size, FILLER)
    this.#messages = Array.from({ length: options.queues }, (_, queueId) => {
      return { topic: TOPIC, queueId, body }
    })
    this.#batches = this.#messages.map((message) => Array(options.batch).fill(message))
    this.#bytesPerAppend = options.batch * options.size
    this.#startsMs = new Float64Array(options.inFlight)
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
    const nowMs = performance.now()
    const { messageCountMax } = this.#bounds
    const batchCount = this.#batches[0]!.length
    while (this.#startedCount - this.#finishedCount < this.#startsMs.length) {
      if (nowMs >= this.#endMs || this.#startedCount * batchCount >= messageCountMax) break
      this.#startsMs[this.#startedCount % this.#startsMs.length] = nowMs
      this.#append(this.#startedCount % this.#messages.length)
      this.#startedCount += 1
    }
    if (this.#startedCount === this.#finishedCount) this.#done.resolve()
  }

  #append(queueId: number): void {
    const batch = this.#batches[queueId]!
    const appended: Promise<unknown> =
      batch.length === 1
        ? this.#store.append(this.#messages[queueId]!)
        : this.#store.appendBatch(batch)
    appended.then(this.#onDone, this.#done.reject)
  }

  readonly #onDone = (): void => {
    assert(this.#meter !== undefined, 'an append belongs to a run')
    const startMs = this.#startsMs[this.#finishedCount % this.#startsMs.length]!
    this.#finishedCount += 1
    this.#meter.record(this.#batches[0]!.length, this.#bytesPerAppend, startMs, performance.now())
    // The acks of a turn come together: the next appends too, when all of them were counted.
    if (this.#finishedCount === this.#startedCount) this.#fill()
  }
}
