import type { ContenderOutcome, RowOutcome } from '../outcome.ts'
import type { Contender } from '../row.ts'
import { type MetricName, metricNames, metrics } from './metrics.ts'
import { ratioOf, type Spread, spreadOf } from './statistics.ts'

export type Figures = Partial<Readonly<Record<MetricName, Spread>>>

/** A row's outcome in medians and ratios. */
export interface Comparison {
  readonly row: RowOutcome['row']
  readonly contenders: readonly ComparedContender[]
}

export interface ComparedContender {
  readonly name: Contender
  readonly figures: Figures
  /** By how many times Agena is better, whether more or less is better; of Agena itself empty. */
  readonly advantages: Figures
  readonly failure?: string
}

/** What says something about a broker, and not about the load or the row. */
const COMPARED: readonly MetricName[] = [
  'ratePerSecond',
  'cpuUs',
  'p50Us',
  'p99Us',
  'p999Us',
  'flushesPerAck',
  'logBytesPerSecond',
  'heartbeatMaxMs',
  'rssAnonBytes',
  'readyMs',
]

export function compare({ row, contenders }: RowOutcome): Comparison {
  const ours = contenders.find(({ name }) => name === 'Agena')
  return {
    row,
    contenders: contenders.map((contender) => ({
      name: contender.name,
      figures: figuresOf(contender),
      advantages: ours === undefined || ours === contender ? {} : advantagesOf(ours, contender),
      ...(contender.failure === undefined ? {} : { failure: contender.failure }),
    })),
  }
}

function figuresOf(contender: ContenderOutcome): Figures {
  return collect(metricNames, (name) => spreadOf(valuesOf(contender, name).filter(isThere)))
}

function advantagesOf(ours: ContenderOutcome, other: ContenderOutcome): Figures {
  return collect(COMPARED, (name) => {
    const pair = [valuesOf(ours, name), valuesOf(other, name)] as const
    return metrics[name].isGain ? ratioOf(pair[0], pair[1]) : ratioOf(pair[1], pair[0])
  })
}

function collect(
  names: readonly MetricName[],
  spreadBy: (name: MetricName) => Spread | undefined,
): Figures {
  const entries = names.map((name) => [name, spreadBy(name)] as const)
  return Object.fromEntries(entries.filter(([, spread]) => spread !== undefined)) as Figures
}

function valuesOf(
  { samples }: ContenderOutcome,
  name: MetricName,
): readonly (number | undefined)[] {
  return samples.map((sample) => sample?.[name])
}

function isThere(value: number | undefined): value is number {
  return value !== undefined
}
