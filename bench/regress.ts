/**
 * `npm run bench:regress`: runs the rows of bench/results/baseline.json as `bench:versus` does and
 * holds the ratios of the two brokers against it. Ratios travel from machine to machine, times do
 * not. Exit code 1 says that one is lower by more than the tolerance.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { packageRoot } from '../scripts/java/package-root.ts'
import { optionTexts, parseVersusArguments } from './versus/command-line.ts'
import { type Comparison, compare } from './versus/measures/comparison.ts'
import { type Baseline, findChanges, formatChange, toBaseline } from './versus/regression.ts'
import { readResults } from './versus/report/results-file.ts'
import { formatTables } from './versus/report/table.ts'
import { runRows } from './versus/run-rows.ts'

const BASELINE = join(packageRoot, 'bench/results/baseline.json')
const TOLERANCE_PERCENT = 25
const HELP = `npm run bench:regress -- [OPTIONS]
${optionTexts.trimEnd()}
  --from FILE         results of bench:versus in place of a run
  --tolerance PERCENT how much lower a ratio may be (${TOLERANCE_PERCENT})
  --keep              make what was measured the baseline
`

async function main(): Promise<void> {
  const words = process.argv.slice(2)
  if (words.includes('--help')) {
    process.stdout.write(HELP)
    return
  }
  const { isKept, tolerancePercent, rest } = takeOwn(words)
  const comparisons = await measure(rest)
  process.stdout.write(formatTables(comparisons, 'text'))
  if (isKept) {
    writeFileSync(BASELINE, `${JSON.stringify(toBaseline(comparisons), undefined, 2)}\n`)
    return
  }
  const baseline = JSON.parse(readFileSync(BASELINE, 'utf8')) as Baseline
  const changes = findChanges(comparisons, baseline, tolerancePercent)
  for (const change of changes) process.stdout.write(`${formatChange(change)}\n`)
  if (changes.length === 0) throw new Error('none of the rows is in the baseline')
  if (changes.some(({ isWorse }) => isWorse)) process.exitCode = 1
}

/** Takes the options that `bench:versus` does not have out of the words. */
function takeOwn(words: readonly string[]) {
  const at = words.indexOf('--tolerance')
  const tolerancePercent = at === -1 ? TOLERANCE_PERCENT : Number(words[at + 1])
  if (!(tolerancePercent > 0)) throw new TypeError('--tolerance wants a percentage above 0')
  const rest = words.filter((word, index) => {
    return word !== '--keep' && (at === -1 || (index !== at && index !== at + 1))
  })
  return { isKept: words.includes('--keep'), tolerancePercent, rest }
}

async function measure(words: readonly string[]): Promise<readonly Comparison[]> {
  const { from, rows, open } = parseVersusArguments(['--quick', ...words])
  if (from !== undefined) return readResults(from).outcomes.map(compare)
  const comparisons: Comparison[] = []
  for await (const outcome of runRows(rows, open())) comparisons.push(compare(outcome))
  return comparisons
}

await main()
