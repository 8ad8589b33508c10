/**
 * Draws what was compared as one SVG: a band for each row, in it a bar for each contender, messages
 * a second, CPU a message and latency beside each other. Each band has its own scale, since rows
 * differ a thousandfold; bars of one band compare.
 */
import type { ComparedContender, Comparison } from '../measures/comparison.ts'
import { type MetricName, metrics } from '../measures/metrics.ts'
import { type Contender, type Level, levels } from '../row.ts'

const TITLE = 'Agena beside Apache RocketMQ 5.5.0'
const WIDTH = 1040
const LABEL_WIDTH = 240
const PANEL_WIDTH = 130
const PANEL_GAP = 125
const BAR_HEIGHT = 12
const BAND_GAP = 14
const HEADING_HEIGHT = 34
const TITLES_AT = 66
const TOP = 80

/** Both readers' backgrounds: the picture itself has none. */
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 16px; font-weight: 600; }
  .level { font-weight: 600; }
  .note { fill: #57606a; }
  .agena { fill: #0b69d4; } .rocketmq { fill: #d0762b; } .other { fill: #8c959f; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .note { fill: #9198a1; }
    .agena { fill: #4c9aff; } .rocketmq { fill: #f0a35e; } .other { fill: #6e7681; }
  }
`

const PANELS: readonly { readonly metric: MetricName; readonly title: string }[] = [
  { metric: 'ratePerSecond', title: 'messages a second: longer is better' },
  { metric: 'cpuUs', title: 'CPU µs a message: shorter is better' },
  { metric: 'p99Us', title: 'p99 latency: shorter is better' },
]

/** The picture of everything that has a rate or a cost in CPU time. */
export function drawPlot(comparisons: readonly Comparison[], caption: string): string {
  const parts: string[] = []
  let y = TOP
  for (const level of Object.keys(levels) as Level[]) {
    const own = comparisons.filter((one) => one.row.level === level && barsOf(one).length > 0)
    if (own.length === 0) continue
    parts.push(text(0, y + 14, levels[level], 'level'))
    y += HEADING_HEIGHT
    for (const comparison of own) {
      parts.push(drawBand(comparison, y))
      y += barsOf(comparison).length * BAR_HEIGHT + BAND_GAP
    }
  }
  const head = [
    text(0, 18, TITLE, 'title'),
    text(0, 40, caption, 'note'),
    ...PANELS.map(({ title }, index) => text(panelX(index), TITLES_AT, title, 'note')),
  ]
  const size = `width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}"`
  const open = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`
  const title = `<title>${TITLE}</title>`
  return [open, title, `<style>${STYLE}</style>`, ...head, ...parts, '</svg>', ''].join('\n')
}

function drawBand(comparison: Comparison, y: number): string {
  const { row } = comparison
  const bars = barsOf(comparison)
  const facts = [row.size, inFlightText(row.inFlight)]
  if (row.batch > 1) facts.push(`${row.batch} a request`)
  const label = [
    text(0, y + BAR_HEIGHT - 2, row.title, ''),
    text(0, y + 2 * BAR_HEIGHT, facts.filter((fact) => fact !== '').join(', '), 'note'),
  ]
  const drawn = PANELS.flatMap(({ metric }, panel) => {
    const most = Math.max(...bars.map(({ figures }) => figures[metric]?.median ?? 0))
    return bars.map((bar, index) => {
      return drawBar(bar, metric, { x: panelX(panel), y: y + index * BAR_HEIGHT, most })
    })
  })
  return [...label, ...drawn].join('\n')
}

function drawBar(
  { name, figures }: ComparedContender,
  metric: MetricName,
  { x, y, most }: { readonly x: number; readonly y: number; readonly most: number },
): string {
  const median = figures[metric]?.median
  if (median === undefined) return ''
  const width = Math.max(1, (PANEL_WIDTH * median) / most)
  const shape = `x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT - 2}"`
  const value = `${metrics[metric].format(median)} ${name}`
  const bar = `<rect ${shape} class="${classOf(name)}"/>`
  return `${bar}\n${text(x + width + 4, y + BAR_HEIGHT - 3, value, 'note')}`
}

function barsOf({ contenders }: Comparison): readonly ComparedContender[] {
  return contenders.filter(({ figures }) => PANELS.some(({ metric }) => metric in figures))
}

function inFlightText(inFlight: string): string {
  return inFlight === '' || inFlight.endsWith('/s') ? inFlight : `${inFlight} in flight`
}

function classOf(name: Contender): string {
  if (name === 'Agena') return 'agena'
  return name === 'RocketMQ' ? 'rocketmq' : 'other'
}

function panelX(index: number): number {
  return LABEL_WIDTH + index * (PANEL_WIDTH + PANEL_GAP)
}

function text(x: number, y: number, content: string, className: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const attribute = className === '' ? '' : ` class="${className}"`
  return `<text x="${x.toFixed(1)}" y="${y}"${attribute}>${escaped}</text>`
}
