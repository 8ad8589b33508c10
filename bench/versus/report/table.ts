import Table from 'cli-table3'
import type { ComparedContender, Comparison, Figures } from '../measures/comparison.ts'
import {
  isOfLevel,
  leastShown,
  type MetricName,
  metricNames,
  metrics,
} from '../measures/metrics.ts'
import { type Spread, spreadPercent } from '../measures/statistics.ts'
import { type Level, levels } from '../row.ts'

export type TableStyle = 'text' | 'markdown'

const ROW_HEADINGS = ['what', 'body', 'in flight', 'batch', 'who']

/** A table for each durability level: figures of different levels never share a column. */
export function formatTables(comparisons: readonly Comparison[], style: TableStyle): string {
  return (Object.keys(levels) as Level[])
    .map((level) => comparisons.filter(({ row }) => row.level === level))
    .filter((own) => own.length > 0)
    .map((own) => formatTable(own, style))
    .join('\n')
}

function formatTable(comparisons: readonly Comparison[], style: TableStyle): string {
  const { level } = comparisons[0]!.row
  const own = metricNames.filter((name) => isOfLevel(name, level))
  const names = own.filter((name) => comparisons.some((one) => isMeasured(one, name)))
  const head = [...ROW_HEADINGS, ...names.map((name) => metrics[name].heading)]
  const lines = comparisons.flatMap((comparison) => comparisonLines(comparison, names))
  const title = levels[level]
  return style === 'markdown' ? toMarkdown(title, head, lines) : toText(title, head, lines)
}

function isMeasured({ contenders }: Comparison, name: MetricName): boolean {
  return contenders.some(({ figures }) => {
    const spread = figures[name]
    return spread !== undefined && spread.max >= leastShown(name)
  })
}

function comparisonLines(
  { row, contenders }: Comparison,
  names: readonly MetricName[],
): readonly (readonly string[])[] {
  const lines = contenders.flatMap((contender) => contenderLines(contender, names))
  const batch = row.batch > 1 ? String(row.batch) : ''
  const about = [row.title, row.size, row.inFlight, batch]
  return lines.map((line, index) => [...about.map((text) => (index === 0 ? text : '')), ...line])
}

function contenderLines(
  { name, figures, advantages, failure }: ComparedContender,
  names: readonly MetricName[],
): readonly (readonly string[])[] {
  const lines: string[][] = []
  if (Object.keys(figures).length > 0) {
    lines.push([name, ...names.map((metric) => figureText(metric, figures[metric]))])
  }
  if (failure !== undefined) lines.push([`${name} cannot: ${failure}`, ...names.map(() => '')])
  if (Object.keys(advantages).length > 0) {
    lines.push([`Agena : ${name}`, ...names.map((metric) => advantageText(advantages, metric))])
  }
  return lines
}

function figureText(name: MetricName, spread: Spread | undefined): string {
  if (spread === undefined) return ''
  const text = metrics[name].format(spread.median)
  const percent = spreadPercent(spread)
  return percent < 1 ? text : `${text} ±${percent.toFixed(0)}%`
}

function advantageText(advantages: Figures, name: MetricName): string {
  const spread = advantages[name]
  if (spread === undefined) return ''
  const { median, min, max } = spread
  return `${times(median)} × (${times(min)}-${times(max)})`
}

function times(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0)
}

function toText(title: string, head: readonly string[], lines: readonly (readonly string[])[]) {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, index) => (index < ROW_HEADINGS.length ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  })
  table.push(...lines.map((line) => [...line]))
  return `\n${title}\n${table.toString()}\n`
}

function toMarkdown(
  title: string,
  head: readonly string[],
  lines: readonly (readonly string[])[],
): string {
  const rule = head.map((_, index) => (index < ROW_HEADINGS.length ? '---' : '--:'))
  const rows = [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`)
  return `${title}:\n\n${rows.join('\n')}\n`
}
