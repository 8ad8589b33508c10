import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as hdr from 'hdr-histogram-js'
import type { BenchReport } from '../../../net/cli/load/bench-report.ts'
import type { Sample } from '../measures/metrics.ts'
import type { BenchLoad } from '../row.ts'
import { commandLinePath } from '../sides/agena.ts'
import { runForJson } from './child-report.ts'

/** How long a run of the load program lasts, and what it is measured with. */
export interface LoadTimes {
  readonly durationMs: number
  readonly warmupMs: number
}

/** Who is driven by a load, and where its disk is. */
export interface LoadPlace {
  /** `host:port` of the broker. */
  readonly broker: string
  readonly pid: number
  readonly dataDirectory: string
}

const NS_PER_US = 1000

/** Runs an `agena bench` for each load, all at the same time, and adds up what they measured. */
export async function runLoads(
  loads: readonly BenchLoad[],
  place: LoadPlace,
  times: LoadTimes,
): Promise<Sample> {
  const folder = mkdtempSync(join(dirname(place.dataDirectory), 'hlog-'))
  try {
    const logs = loads.map((_, index) => join(folder, `${index}.hlog`))
    const reports = await Promise.all(
      loads.map((load, index) => runLoad(load, place, times, logs[index])),
    )
    return { ...sumOf(reports), ...percentilesOf(logs) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs one `agena bench`; what it reports as well. */
export async function runReportedLoad(
  load: BenchLoad,
  place: LoadPlace,
  times: LoadTimes,
): Promise<{ readonly sample: Sample; readonly report: BenchReport }> {
  const report = await runLoad(load, place, times)
  return { sample: sumOf([report]), report }
}

/** Words that the row gives itself win, since they come last. */
function runLoad(
  { benchmark, words }: BenchLoad,
  { broker, pid, dataDirectory }: LoadPlace,
  { durationMs, warmupMs }: LoadTimes,
  log?: string,
): Promise<BenchReport> {
  const where = ['--broker', broker, '--pid', String(pid), '--data', dataDirectory]
  const how = ['--duration', `${durationMs}ms`, '--warmup', `${warmupMs}ms`]
  const output = ['--json', '--quiet', ...(log === undefined ? [] : ['--hlog', log])]
  const command = ['bench', benchmark, ...where, ...how, ...output, ...words]
  return runForJson(process.execPath, [commandLinePath, ...command])
}

/**
 * Loads at the same time watch the same broker, each over its own messages: its time is counted
 * once, as their mean, and shared by the messages of all.
 */
export function sumOf(reports: readonly BenchReport[]): Sample {
  const messageCount = sum(reports, (report) => report.messageCount)
  const brokerUs =
    sum(reports, (report) => (report.brokerCpuUsPerMessage ?? 0) * report.messageCount) /
    reports.length
  const generatorUs = sum(
    reports,
    (report) => report.generatorCpuUsPerMessage * report.messageCount,
  )
  const elapsedUs = 1000 * Math.max(...reports.map((report) => report.elapsedMs))
  const refusals = reports.flatMap((report) => Object.values(report.refusals))
  return {
    ratePerSecond: sum(reports, (report) => report.ratePerSecond),
    cpuUs: brokerUs / messageCount,
    rssAnonBytes: Math.max(...reports.map((report) => report.brokerRssAnonBytes ?? 0)),
    generatorUs: generatorUs / messageCount,
    generatorCores: generatorUs / elapsedUs,
    ...ofOneLoad(reports),
    refusalCount: refusals.reduce((total, count) => total + count, 0),
  }
}

/** Of loads at the same time nobody knows whose the disk's work was. */
function ofOneLoad(reports: readonly BenchReport[]): Sample {
  const [report] = reports
  if (report === undefined || reports.length > 1) return {}
  const { batchCount, messageCount, elapsedMs, hostSync, disk, logBytes } = report
  return {
    ...(hostSync === undefined ? {} : { hostSyncUs: hostSync.p50Us }),
    ...(disk === undefined ? {} : { flushesPerAck: (disk.flushCount * batchCount) / messageCount }),
    ...(logBytes === undefined ? {} : { logBytesPerSecond: (logBytes * 1000) / elapsedMs }),
  }
}

/** Percentiles over the latencies of all loads: of what arrived, where a load waits for that. */
export function percentilesOf(logs: readonly string[]): Sample {
  const total = hdr.build({ bitBucketSize: 64, numberOfSignificantValueDigits: 3 })
  for (const log of logs) {
    const reader = new hdr.HistogramLogReader(readFileSync(log, 'utf8'))
    for (;;) {
      const interval = reader.nextIntervalHistogram()
      if (interval === null) break
      total.add(interval)
    }
  }
  const at = (percentile: number): number => total.getValueAtPercentile(percentile) / NS_PER_US
  return { p50Us: at(50), p99Us: at(99), p999Us: at(99.9) }
}

function sum(reports: readonly BenchReport[], figureOf: (report: BenchReport) => number): number {
  return reports.reduce((total, report) => total + figureOf(report), 0)
}
