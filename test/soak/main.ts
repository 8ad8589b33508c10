/**
 * `npm run test:soak -- [MINUTES]`: {@link runSoak} for ten minutes, or for as many as are given.
 * Prints what it counted and how each figure went, and ends with 1 when a message is missing or
 * something grows or is usually more than it may be. AGENA_SEED replays a run's choices.
 */
import process from 'node:process'
import { MIB } from '../../engine/base/units.ts'
import { SeededRandom } from '../helpers/seeded-random.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { FIGURE_NAMES, isTooMuch, type ProcessFigures, type Trend } from './process-figures.ts'
import { runSoak } from './soak.ts'

const MINUTES = 10
const MINUTE_MS = 60_000
const SAMPLE_EVERY_MS = 5_000
const COLUMNS = 15

const [minutes = String(MINUTES)] = process.argv.slice(2)
const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
console.log(`${minutes} minutes, AGENA_SEED=${random.seed}`)
using folder = temporaryFolder('soak')
const durationMs = Number(minutes) * MINUTE_MS
let shownMinutes = 0
console.log(['', ...FIGURE_NAMES].map((name) => name.padStart(COLUMNS)).join(''))
const report = await runSoak({
  durationMs,
  sampleEveryMs: SAMPLE_EVERY_MS,
  random,
  folder: folder.path,
  onSample: ({ atMs, broker, clients }) => {
    if (atMs < shownMinutes * MINUTE_MS) return
    console.log(lineOf(`${shownMinutes} min broker`, broker))
    console.log(lineOf(`${shownMinutes} min clients`, clients))
    shownMinutes += 1
  },
})
const counts = Object.entries(report.counts).map(([name, count]) => `${name} ${count}`)
console.log(counts.join(', '))
const grown = [...printTrends('broker', report.broker), ...printTrends('clients', report.clients)]
for (const problem of report.problems) console.log(problem)
for (const name of grown) console.log(`${name} grows, or is usually more than it may be`)
process.exitCode = report.problems.length + grown.length > 0 ? 1 : 0

function lineOf(who: string, figures: ProcessFigures): string {
  const values = FIGURE_NAMES.map((name) => textOf(name, figures[name]))
  return [who, ...values].map((text) => text.padStart(COLUMNS)).join('')
}

/** @returns what grew more than is allowed, or was usually more than it may be */
function printTrends(who: string, trends: readonly Trend[]): string[] {
  for (const { name, first, last, min, max, median, growth, allowed, most } of trends) {
    const bound = Number.isFinite(most) ? { median, most } : {}
    const values = { first, last, min, max, growth, allowed, ...bound }
    const words = Object.entries(values).map(([word, value]) => `${word} ${textOf(name, value)}`)
    console.log(`${who} ${name}: ${words.join(', ')}`)
  }
  return trends.filter(isTooMuch).map(({ name }) => `${who} ${name}`)
}

function textOf(name: string, value: number): string {
  return name.endsWith('Bytes') ? `${(value / MIB).toFixed(1)}M` : value.toFixed(1)
}
