import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { quickTimes, thoroughTimes, usualTimes, type VersusOptions } from './options.ts'
import type { Row } from './row.ts'
import { chooseRows } from './rows.ts'

export const optionTexts = `
  --quick             few rows, short turns: at most five minutes
  --thorough          every row with five longer turns: two hours
  --rows A,B          rows by id or how ids begin: send, send-128, e2e-10k (--list shows all)
  --rounds N          turns of each side in each row (3, minor rows 2; thorough: 5; quick: 2)
  --duration MS       of one turn (4000; thorough: 6000; quick: 1500)
  --warmup MS         before each turn (1000; thorough: 1500; quick: 300)
  --java-warmup MS    load on a Java broker before its first turn (20000)
  --java-heap SIZE    -Xms and -Xmx of the Java broker (4g; it ships with 8g)
  --data DIR          a folder on the disk that is meant (the temporary folder)
`

const runOptions = {
  quick: { type: 'boolean', default: false },
  thorough: { type: 'boolean', default: false },
  continue: { type: 'boolean', default: false },
  rows: { type: 'string', default: '' },
  rounds: { type: 'string' },
  duration: { type: 'string' },
  warmup: { type: 'string' },
  'java-warmup': { type: 'string' },
  'java-heap': { type: 'string', default: '4g' },
  data: { type: 'string', default: tmpdir() },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  markdown: { type: 'boolean', default: false },
  from: { type: 'string' },
  name: { type: 'string' },
} as const

/** What `npm run bench:versus` was told. */
export interface VersusArguments {
  readonly isQuick: boolean
  readonly rows: readonly Row[]
  readonly isList: boolean
  readonly isHelp: boolean
  readonly isMarkdown: boolean
  /** Whether rows that the results file has already are kept as they are. */
  readonly isContinued: boolean
  /** Results to show again in place of a run. */
  readonly from: string | undefined
  /** Of the files that are written. */
  readonly name: string
  /** Makes the run's folder. */
  readonly open: () => VersusOptions
}

/** @throws {TypeError} for what is no option, no row or no number */
export function parseVersusArguments(words: readonly string[]): VersusArguments {
  const { values } = parseArgs({ args: [...words], options: runOptions })
  const isQuick = values.quick
  const names = values.rows.split(',').filter((name) => name !== '')
  const usual = values.thorough ? thoroughTimes : usualTimes
  const times = isQuick ? quickTimes : usual
  const numbers = {
    rounds: numberOf('rounds', values.rounds, times.rounds),
    minorRounds: numberOf('rounds', values.rounds, times.minorRounds),
    durationMs: numberOf('duration', values.duration, times.durationMs),
    warmupMs: numberOf('warmup', values.warmup, times.warmupMs),
    javaWarmupMs: numberOf('java-warmup', values['java-warmup'], times.javaWarmupMs),
  }
  const javaHeap = values['java-heap']
  return {
    isQuick,
    rows: chooseRows(names, isQuick),
    isList: values.list,
    isHelp: values.help,
    isMarkdown: values.markdown,
    isContinued: values.continue,
    from: values.from,
    name: values.name ?? (isQuick ? 'quick' : 'versus'),
    open: () => ({
      ...numbers,
      javaHeap,
      directory: ownFolder(values.data),
      log: (line) => process.stderr.write(`${clock()}  ${line}\n`),
    }),
  }
}

/** A folder for this run, which goes with the process, however that ends. */
function ownFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, 'agena-versus-'))
  // What is ended at the same time may write until it is gone.
  const options = { recursive: true, force: true, maxRetries: 20 } as const
  process.on('exit', () => rmSync(folder, options))
  return folder
}

/** Minutes and seconds since this process began. */
function clock(): string {
  const seconds = Math.round(performance.now() / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

function numberOf(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new TypeError(`--${name} ${text}: it must be a whole number above 0`)
}
