/**
 * Goal: a reader can trust the tables and the picture: no level beside another one, ratios the
 * right way round, failures told, and an SVG that every viewer opens.
 * Method: outcomes with figures chosen for it. The SVG is read by a strict parser of its tags.
 */
import { describe, expect, test } from 'vitest'
import { compare } from '../../../bench/versus/measures/comparison.ts'
import { drawPlot } from '../../../bench/versus/report/plot.ts'
import { formatTables } from '../../../bench/versus/report/table.ts'
import { outcomeOf } from './sample-outcomes.ts'

const agena = [
  { ratePerSecond: 300_000, cpuUs: 4, p99Us: 3000, refusalCount: 0, otherCores: 0.05 },
  { ratePerSecond: 200_000, cpuUs: 5, p99Us: 2000, refusalCount: 0 },
]
const java = [
  { ratePerSecond: 60_000, cpuUs: 24, p99Us: 9000, refusalCount: 0 },
  { ratePerSecond: 50_000, cpuUs: 20, p99Us: 8000, refusalCount: 0 },
]
const async256 = outcomeOf('send-128-256-async', { Agena: agena, RocketMQ: java })
const sync256 = outcomeOf('send-128-256-sync', { Agena: agena }, { RocketMQ: 'no java <here>' })

describe('a comparison', () => {
  test('says by how many times Agena is better, whether more or less is better', () => {
    const [, other] = compare(async256).contenders
    expect(other?.advantages).toEqual({
      ratePerSecond: { median: 4.5, min: 4, max: 5 },
      cpuUs: { median: 5, min: 4, max: 6 },
      p99Us: { median: 3.5, min: 3, max: 4 },
    })
  })
})

describe('the tables', () => {
  const text = formatTables([async256, sync256].map(compare), 'markdown')

  test('are one for each level', () => {
    expect(text.split('\n\n').filter((part) => part.startsWith('| what'))).toHaveLength(2)
    expect(text).toContain('async flush')
    expect(text).toContain('sync flush')
  })

  test('show median, spread and ratio', () => {
    expect(text).toContain('| send | 128 B | 256 |  | Agena | 250 k ±20% | 4.50 ±11% |')
    expect(text).toContain('Agena : RocketMQ | 4.5 × (4.0-5.0) | 5.0 × (4.0-6.0) |')
  })

  test('say why a side could not run', () => {
    expect(text).toContain('RocketMQ cannot: no java <here>')
  })

  test('have no column for what never happened', () => {
    expect(text).not.toContain('refused')
    expect(text).not.toContain('others busy')
    const refused = outcomeOf('send-128-1-async', { Agena: [{ refusalCount: 3 }] })
    expect(formatTables([compare(refused)], 'text')).toContain('refused')
    const busy = outcomeOf('send-128-1-async', { Agena: [{ otherCores: 0.4 }] })
    expect(formatTables([compare(busy)], 'text')).toContain('others busy')
  })
})

describe('the picture', () => {
  const svg = drawPlot([async256, sync256].map(compare), 'a < b & c')

  test('is well-formed, and its bars lie in it', () => {
    const { rectangles, height, width } = parseSvg(svg)
    expect(rectangles).toHaveLength(9)
    for (const box of rectangles) {
      expect(box['x']! + box['width']!).toBeLessThanOrEqual(width)
      expect(box['y']! + box['height']!).toBeLessThanOrEqual(height)
      expect(box['width']).toBeGreaterThan(0)
    }
  })

  test('has bars as long as their figures', () => {
    const [ours, theirs] = parseSvg(svg).rectangles
    expect(theirs!['width']! / ours!['width']!).toBeCloseTo(55_000 / 250_000, 2)
  })

  test('suits light and dark pages', () => {
    expect(svg).toContain('prefers-color-scheme: dark')
  })
})

type Box = Readonly<Record<string, number>>

/** Fails at what XML forbids: open tags, bare `<` and `&`, attributes without quotes. */
function parseSvg(svg: string): {
  readonly width: number
  readonly height: number
  readonly rectangles: readonly Box[]
} {
  const open: string[] = []
  const rectangles: Box[] = []
  let root: Box = {}
  let rest = svg
  while (rest !== '') {
    const tag = /^<(\/?)(\w+)((?: [\w-]+="[^"<]*")*)(\/?)>/.exec(rest)
    if (tag === null) {
      const content = /^(?:[^<&]|&(?:amp|lt|gt);)+/.exec(rest)
      expect(content, `XML at ${rest.slice(0, 40)}`).not.toBeNull()
      rest = rest.slice(content![0].length)
      continue
    }
    const [all, closing, name, attributes, selfClosing] = tag
    const box = numbersIn(attributes!)
    if (closing === '/') expect(open.pop()).toBe(name)
    else if (selfClosing === '') open.push(name!)
    if (name === 'svg' && closing === '') root = box
    if (name === 'rect') rectangles.push(box)
    rest = rest.slice(all.length)
  }
  expect(open).toEqual([])
  return { width: root['width']!, height: root['height']!, rectangles }
}

function numbersIn(attributes: string): Box {
  const pairs = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)]
  return Object.fromEntries(pairs.map(([, name, value]) => [name!, Number(value)]))
}
