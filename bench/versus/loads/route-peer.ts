/**
 * The program that asks a name server for routes, in a process of its own. Its one argument is a
 * `RouteRequest` as JSON; it prints a `Sample` as JSON.
 */
import { deferred } from '../../../engine/base/deferred.ts'
import { CpuAccount } from '../../../net/cli/load/cpu-account.ts'
import { LatencyLog } from '../../../net/cli/load/latency-log.ts'
import { LoadMeter } from '../../../net/cli/load/load-meter.ts'
import type { Sample } from '../measures/metrics.ts'
import { RouteLane, type RouteLaneOwner } from './route-lane.ts'

export interface RouteRequest {
  /** `host:port` of the name server. */
  readonly address: string
  readonly pid: number
  readonly topic: string
  readonly connections: number
  /** Queries in flight on each. */
  readonly inFlight: number
  readonly warmupMs: number
  readonly durationMs: number
}

/** Asks over many connections at once, in phases. */
class RouteLoad implements RouteLaneOwner {
  readonly #lanes: RouteLane[] = []
  readonly #latencies: LatencyLog
  #meter: LoadMeter | undefined
  #endMs = 0
  #done = deferred<void>()

  constructor(latencies: LatencyLog) {
    this.#latencies = latencies
  }

  async open({ address, topic, connections, inFlight }: RouteRequest): Promise<void> {
    for (let index = 0; index < connections; index++) {
      this.#lanes.push(await RouteLane.open(address, topic, inFlight, this))
    }
  }

  async run(durationMs: number): Promise<LoadMeter> {
    this.#done = deferred<void>()
    const meter = new LoadMeter(this.#latencies, () => undefined, this.#done.reject)
    this.#meter = meter
    this.#endMs = performance.now() + durationMs
    for (const lane of this.#lanes) lane.ask()
    try {
      await this.#done.promise
    } finally {
      meter.stop()
    }
    return meter
  }

  close(): void {
    for (const lane of this.#lanes) lane.close()
  }

  onAnswer(code: number, remark: string, bodyBytes: number, sinceMs: number, nowMs: number): void {
    if (code === 0) this.#meter?.record(1, bodyBytes, sinceMs, nowMs)
    else this.#meter?.refuse(code, remark, nowMs)
  }

  isAsking(): boolean {
    if (performance.now() < this.#endMs) return true
    if (this.#lanes.every((lane) => lane.inFlightCount === 0)) this.#done.resolve()
    return false
  }

  onFailure(error: Error): void {
    this.#done.reject(error)
  }
}

async function measure(request: RouteRequest): Promise<Sample> {
  const load = new RouteLoad(await LatencyLog.create(false))
  const cpu = new CpuAccount([request.pid])
  await load.open(request)
  try {
    if (request.warmupMs > 0) await load.run(request.warmupMs)
    cpu.start()
    const meter = await load.run(request.durationMs)
    cpu.stopGenerator()
    const { messageCount, elapsedMs, latency, refusals } = meter.figures()
    const { brokerUs = 0, generatorUs } = cpu.figures()
    return {
      ratePerSecond: (messageCount * 1000) / elapsedMs,
      cpuUs: brokerUs / messageCount,
      p50Us: latency.p50Us,
      p99Us: latency.p99Us,
      p999Us: latency.p999Us,
      rssAnonBytes: cpu.brokerRssAnonBytes ?? 0,
      generatorUs: generatorUs / messageCount,
      generatorCores: generatorUs / (1000 * elapsedMs),
      refusalCount: Object.values(refusals).reduce((sum, count) => sum + count, 0),
    }
  } finally {
    load.close()
  }
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? '{}') as RouteRequest)))
