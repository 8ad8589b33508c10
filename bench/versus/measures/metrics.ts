import type { Level } from '../row.ts'

/** What one run of one contender measured: whatever of it applies. */
export type Sample = Partial<Readonly<Record<MetricName, number>>>

export interface Metric {
  readonly heading: string
  /** Whether more is better. */
  readonly isGain: boolean
  readonly format: (value: number) => string
  /** Of which tables it is a column. @default all */
  readonly levels?: readonly Level[]
}

const MIB = 2 ** 20
const THOUSAND = 1000
const MILLION = 10 ** 6
/** With more of the machine taken by others a turn says little. */
export const OTHER_CORES_MAX = 0.1

/** Everything that is measured, in the order of the table's columns. */
export const metrics = {
  ratePerSecond: { heading: 'messages/s', isGain: true, format: formatRate },
  cpuUs: { heading: 'CPU µs', isGain: false, format: (us) => us.toFixed(us < 10 ? 2 : 1) },
  p50Us: { heading: 'p50', isGain: false, format: formatTime },
  p99Us: { heading: 'p99', isGain: false, format: formatTime },
  p999Us: { heading: 'p99.9', isGain: false, format: formatTime },
  hostSyncUs: { heading: 'host fdatasync', isGain: false, format: formatTime, levels: ['sync'] },
  flushesPerAck: {
    heading: 'disk flushes/ack',
    isGain: false,
    format: (count) => count.toPrecision(2),
    levels: ['sync'],
  },
  logBytesPerSecond: {
    heading: 'log MB/s',
    isGain: true,
    format: formatMegabytes,
    levels: ['sustained'],
  },
  diskBytesPerSecond: { heading: 'disk alone MB/s', isGain: false, format: formatMegabytes },
  diskPercent: { heading: '% of it', isGain: false, format: (percent) => percent.toFixed(0) },
  heartbeatMaxMs: {
    heading: 'heartbeat max',
    isGain: false,
    format: (ms) => formatTime(ms * THOUSAND),
  },
  rssAnonBytes: { heading: 'RssAnon MiB', isGain: false, format: formatMib },
  readyMs: { heading: 'ready', isGain: false, format: (ms) => formatTime(ms * THOUSAND) },
  diskReadBytes: { heading: 'disk MiB', isGain: false, format: formatMib },
  generatorUs: { heading: 'generator µs', isGain: false, format: (us) => us.toFixed(2) },
  generatorCores: { heading: 'its cores', isGain: false, format: (cores) => cores.toFixed(2) },
  otherCores: { heading: 'others busy', isGain: false, format: (cores) => cores.toFixed(2) },
  refusalCount: { heading: 'refused', isGain: false, format: (count) => String(count) },
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof metrics

export const metricNames = Object.keys(metrics) as readonly MetricName[]

/** Whether a table of this level has a column for it. */
export function isOfLevel(name: MetricName, level: Level): boolean {
  const { levels }: Metric = metrics[name]
  return levels === undefined || levels.includes(level)
}

/** What should not happen is shown where it did. */
export function leastShown(name: MetricName): number {
  if (name === 'refusalCount') return 1
  return name === 'otherCores' ? OTHER_CORES_MAX : 0
}

/** A sample in one line. */
export function sampleText(sample: Sample): string {
  const parts = metricNames.map((name) => {
    const value = sample[name]
    return value === undefined || value < leastShown(name)
      ? []
      : [`${metrics[name].heading} ${metrics[name].format(value)}`]
  })
  return parts.flat().join(', ')
}

function formatRate(rate: number): string {
  if (rate >= MILLION) return `${(rate / MILLION).toFixed(2)} M`
  if (rate >= THOUSAND) return `${(rate / THOUSAND).toFixed(rate < 10 * THOUSAND ? 2 : 0)} k`
  return rate.toFixed(0)
}

function formatTime(us: number): string {
  if (us < THOUSAND) return `${us.toFixed(us < 100 ? 1 : 0)} µs`
  if (us < MILLION) return `${(us / THOUSAND).toFixed(us < 10 * THOUSAND ? 2 : 1)} ms`
  return `${(us / MILLION).toFixed(2)} s`
}

function formatMegabytes(bytes: number): string {
  return (bytes / MILLION).toFixed(0)
}

function formatMib(bytes: number): string {
  return (bytes / MIB).toFixed(0)
}
