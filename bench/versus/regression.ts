import type { Comparison } from './measures/comparison.ts'
import { type MetricName, metrics } from './measures/metrics.ts'

/** How many times better Agena was than Apache RocketMQ, by row: the one thing that travels. */
export interface Baseline {
  readonly rows: Readonly<Record<string, Advantages>>
}

type Advantages = Partial<Readonly<Record<MetricName, number>>>

/** One ratio beside what it was. */
export interface RatioChange {
  readonly rowId: string
  readonly metric: MetricName
  readonly before: number
  /** Undefined where the row has not come to an end. */
  readonly now: number | undefined
  readonly isWorse: boolean
}

/** Percentiles of short runs swing too much to say anything. */
const KEPT: readonly MetricName[] = ['ratePerSecond', 'cpuUs']
const SIGNIFICANT_DIGITS = 3

/** What is kept of a comparison, to hold later ones against. */
export function toBaseline(comparisons: readonly Comparison[]): Baseline {
  const rows: Record<string, Advantages> = {}
  for (const comparison of comparisons) {
    const kept = KEPT.flatMap((metric) => {
      const ratio = ratioOf(comparison, metric)
      return ratio === undefined ? [] : [[metric, Number(ratio.toPrecision(SIGNIFICANT_DIGITS))]]
    })
    if (kept.length > 0) rows[comparison.row.id] = Object.fromEntries(kept) as Advantages
  }
  return { rows }
}

/** Holds comparisons against a baseline: a ratio may be `tolerancePercent` lower, not more. */
export function findChanges(
  comparisons: readonly Comparison[],
  baseline: Baseline,
  tolerancePercent: number,
): readonly RatioChange[] {
  return comparisons.flatMap((comparison) => {
    const before = Object.entries(baseline.rows[comparison.row.id] ?? {})
    return before.map(([name, value]): RatioChange => {
      const metric = name as MetricName
      const now = ratioOf(comparison, metric)
      const isWorse = now === undefined || now < value * (1 - tolerancePercent / 100)
      return { rowId: comparison.row.id, metric, before: value, now, isWorse }
    })
  })
}

/** A change in one line. */
export function formatChange({ rowId, metric, before, now, isWorse }: RatioChange): string {
  const verdict = isWorse ? 'WORSE' : 'ok   '
  const text = now === undefined ? 'not measured now' : `${now.toFixed(2)} × now`
  const what = `${rowId}, ${metrics[metric].heading}`
  return `${verdict} ${what}: ${before.toFixed(2)} × before, ${text}`
}

function ratioOf({ contenders }: Comparison, metric: MetricName): number | undefined {
  return contenders.find(({ name }) => name === 'RocketMQ')?.advantages[metric]?.median
}
