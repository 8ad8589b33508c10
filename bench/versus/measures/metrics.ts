/** What one run of one contender measured: whatever of it applies. */
export type Sample = Partial<Readonly<Record<MetricName, number>>>

export interface Metric {
  readonly heading: string
  /** Whether more is better. */
  readonly isGain: boolean
  readonly format: (value: number) => string
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

function formatMib(bytes: number): string {
  return (bytes / MIB).toFixed(0)
}
