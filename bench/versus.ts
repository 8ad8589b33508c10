/**
 * `npm run bench:versus`: Apache RocketMQ and Agena in turn on this machine, under the same load.
 * It prints medians and ratios, and writes bench/results/NAME.json and NAME.svg.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { packageRoot } from '../scripts/java/package-root.ts'
import { optionTexts, parseVersusArguments, type VersusArguments } from './versus/command-line.ts'
import { type Comparison, compare } from './versus/measures/comparison.ts'
import { OTHER_CORES_MAX } from './versus/measures/metrics.ts'
import type { RowOutcome } from './versus/outcome.ts'
import { describeMachine, formatMachine } from './versus/report/machine.ts'
import { drawPlot } from './versus/report/plot.ts'
import {
  createResults,
  type Results,
  readResults,
  writeResults,
} from './versus/report/results-file.ts'
import { formatTables } from './versus/report/table.ts'
import { runRows } from './versus/run-rows.ts'

const HELP = `npm run bench:versus -- [OPTIONS]
${optionTexts.trimEnd()}
  --continue          keep the rows that bench/results/NAME.json has, run the others
  --list              show the rows
  --from FILE         show results that were written before
  --markdown          tables in Markdown
  --name NAME         bench/results/NAME.json and .svg (versus, or quick)
`

async function main(): Promise<void> {
  const words = parseVersusArguments(process.argv.slice(2))
  if (words.isHelp) {
    process.stdout.write(HELP)
  } else if (words.isList) {
    for (const { id, title, isQuick } of words.rows) {
      process.stdout.write(`${id.padEnd(24)} ${title}${isQuick ? ' (quick)' : ''}\n`)
    }
  } else if (words.from !== undefined) {
    show(readResults(words.from), words)
  } else {
    const path = join(packageRoot, 'bench/results', `${words.name}.json`)
    show(await measure(words, path), words)
  }
}

async function measure(words: VersusArguments, path: string): Promise<Results> {
  const options = words.open()
  const machine = describeMachine(options.directory)
  const isKept = words.isContinued && existsSync(path)
  const outcomes: RowOutcome[] = isKept ? [...readResults(path).outcomes] : []
  const known = new Set(outcomes.map(({ row }) => row.id))
  const rows = words.rows.filter(({ id }) => !known.has(id))
  // A long run that is ended leaves what it has.
  for await (const outcome of runRows(rows, options)) {
    outcomes.push(outcome)
    writeResults(path, createResults(machine, options, outcomes))
  }
  return readResults(path)
}

/** Prints everything once more, level by level, and draws it. */
function show(results: Results, { name, isMarkdown }: VersusArguments): void {
  const comparisons = results.outcomes.map(compare)
  const tables = formatTables(comparisons, isMarkdown ? 'markdown' : 'text')
  process.stdout.write(`${formatMachine(results.machine)}\n${tables}`)
  const path = join(packageRoot, 'bench/results', `${name}.svg`)
  writeFileSync(path, drawPlot(comparisons, captionOf(results, comparisons)))
}

function captionOf(results: Results, comparisons: readonly Comparison[]): string {
  const { cores, memoryGib, node } = results.machine
  const { rounds, durationMs } = results.options
  const turns = `medians of ${rounds} turns of ${durationMs / 1000} s each`
  const machine = `${cores} cores shared with the load program, ${memoryGib} GiB, Node ${node}`
  const others = comparisons.flatMap(({ contenders }) => {
    return contenders.map(({ figures }) => figures.otherCores?.median ?? 0)
  })
  const most = Math.max(0, ...others)
  const warning = most < OTHER_CORES_MAX ? '' : `; others kept up to ${most.toFixed(1)} cores busy`
  return `${machine}; ${turns}${warning}`
}

await main()
