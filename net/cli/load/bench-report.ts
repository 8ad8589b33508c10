import { MIB } from '../../../engine/base/units.ts'
import type { DiskFigures } from './disk-account.ts'
import type { LatencySummary } from './latency-log.ts'
import type { SyncProbe } from './sync-probe.ts'

/** What a benchmark measured, and under which conditions: nothing compares without them. */
export interface BenchReport {
  readonly benchmark: 'send' | 'consume' | 'e2e' | 'append'
  /** What was driven: broker addresses, or the log library. */
  readonly target: string
  readonly topic: string
  /** 1 when nothing is said. */
  readonly topicCount?: number
  /** Size of a message's body; 0 when a consumer does not know. */
  readonly messageBytes: number
  /** Messages a request. */
  readonly batchCount: number
  readonly connectionCount: number
  /** Requests in flight at most, over all connections, of which an append has none. */
  readonly inFlightCount: number
  /** The asked rate in messages a second; undefined for as fast as possible. */
  readonly scheduledRatePerSecond?: number | undefined
  /** What an ack promises. */
  readonly durability: string
  readonly hostSync: SyncProbe
  readonly messageCount: number
  readonly elapsedMs: number
  readonly ratePerSecond: number
  readonly bytesPerSecond: number
  /** From a request until its response; with a schedule from when the request was due. */
  readonly latency: LatencySummary
  /** From when a send was due until a consumer has the message. */
  readonly endToEnd?: LatencySummary | undefined
  /** CPU time of the broker's processes, until queues and index have caught up. */
  readonly brokerCpuUsPerMessage?: number | undefined
  readonly brokerRssAnonBytes?: number | undefined
  /** What the disk did meanwhile, for everyone. */
  readonly disk?: DiskFigures | undefined
  /** What the brokers' logs have grown by. */
  readonly logBytes?: number | undefined
  /** When it began, on the clock of the machine, where bodies say when they were due. */
  readonly measuredFromMs?: number | undefined
  /** Messages that the queues held when pulls of them began. */
  readonly storedCount?: number | undefined
  /** CPU time of this process: of the generator or, for an append, of all. */
  readonly generatorCpuUsPerMessage: number
  /** Requests by the code with which they were refused. */
  readonly refusals: Readonly<Record<string, number>>
}

const US_PER_MS = 1000
const MS_PER_SECOND = 1000

/** The report for a person. */
export function formatReport(report: BenchReport): string {
  const width = Math.max(...reportRows(report).map(([label]) => label.length))
  const lines = reportRows(report).map(([label, value]) => `${label.padEnd(width)}  ${value}`)
  return `${lines.join('\n')}\n`
}

/** A count with its thousands apart. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** A time in the unit that fits it. */
export function formatMicroseconds(us: number): string {
  if (us < US_PER_MS) return `${us.toFixed(us < 100 ? 1 : 0)} µs`
  return `${(us / US_PER_MS).toFixed(us < 100 * US_PER_MS ? 2 : 0)} ms`
}

function reportRows(report: BenchReport): [string, string][] {
  const rows: [string, string][] = [
    ['benchmark', `${report.benchmark}: ${report.target}, ${topicsOf(report)}`],
    ['conditions', formatConditions(report)],
    ['durability', report.durability],
    ['host fdatasync', formatSync(report.hostSync)],
    ['messages', `${formatCount(report.messageCount)} in ${seconds(report.elapsedMs)}`],
    ['rate', `${formatCount(report.ratePerSecond)} messages/s, ${formatMib(report)}`],
    ['latency', formatLatency(report.latency)],
  ]
  if (report.endToEnd !== undefined) rows.push(['end to end', formatLatency(report.endToEnd)])
  if (report.brokerCpuUsPerMessage !== undefined) {
    rows.push(['broker CPU', `${report.brokerCpuUsPerMessage.toFixed(2)} µs a message`])
  }
  if (report.brokerRssAnonBytes !== undefined) {
    rows.push(['broker RssAnon', `${(report.brokerRssAnonBytes / MIB).toFixed(0)} MiB`])
  }
  if (report.disk !== undefined) rows.push(['disk', formatDisk(report, report.disk)])
  const ownCpu = report.benchmark === 'append' ? 'CPU' : 'generator CPU'
  rows.push([ownCpu, `${report.generatorCpuUsPerMessage.toFixed(2)} µs a message`])
  for (const [code, count] of Object.entries(report.refusals)) {
    rows.push(['refused', `${formatCount(count)} requests with code ${code}`])
  }
  return rows
}

function formatConditions(report: BenchReport): string {
  const { messageBytes, batchCount, connectionCount, inFlightCount } = report
  const size = messageBytes > 0 ? `${messageBytes} B messages, ` : ''
  const rate = report.scheduledRatePerSecond
  const schedule = rate === undefined ? '' : `, ${formatCount(rate)} messages/s on a schedule`
  const connections = connectionCount === 1 ? ' connection' : ' connections'
  const spread = connectionCount === 0 ? '' : ` on ${connectionCount}${connections}`
  return `${size}batch ${batchCount}, ${inFlightCount} in flight${spread}${schedule}`
}

function formatSync({ p50Us, p99Us }: SyncProbe): string {
  return `4 KiB p50 ${formatMicroseconds(p50Us)}, p99 ${formatMicroseconds(p99Us)}`
}

function formatDisk(report: BenchReport, { flushCount, writtenBytes }: DiskFigures): string {
  const perAck = (flushCount * report.batchCount) / report.messageCount
  const elapsedSeconds = report.elapsedMs / MS_PER_SECOND
  const rate = (writtenBytes / MIB / elapsedSeconds).toFixed(1)
  const flushes = `${formatCount(flushCount)} flushes, ${perAck.toFixed(4)} an ack`
  const log = report.logBytes
  const share = log === undefined ? '' : `, log ${(log / MIB / elapsedSeconds).toFixed(1)} MiB/s`
  return `${flushes}, ${rate} MiB/s written${share}`
}

function formatLatency({ p50Us, p90Us, p99Us, p999Us, maxUs }: LatencySummary): string {
  const named = { p50: p50Us, p90: p90Us, p99: p99Us, 'p99.9': p999Us, max: maxUs }
  const parts = Object.entries(named).map(([name, us]) => `${name} ${formatMicroseconds(us)}`)
  return parts.join(', ')
}

function formatMib(report: BenchReport): string {
  return `${(report.bytesPerSecond / MIB).toFixed(1)} MiB/s`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function topicsOf({ topic, topicCount = 1 }: BenchReport): string {
  return topicCount === 1 ? `topic ${topic}` : `${topicCount} topics ${topic}-…`
}
