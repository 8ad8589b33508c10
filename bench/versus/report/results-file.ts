import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { VersusOptions } from '../options.ts'
import type { RowOutcome } from '../outcome.ts'
import type { Machine } from './machine.ts'

const FORMAT = 1

/** All that a comparison measured, and under which conditions. */
export interface Results {
  readonly format: number
  /** When the run ended, as ISO 8601. */
  readonly date: string
  readonly machine: Machine
  readonly options: Omit<VersusOptions, 'directory' | 'log'>
  readonly outcomes: readonly RowOutcome[]
}

export function createResults(
  machine: Machine,
  { directory: _directory, log: _log, ...options }: VersusOptions,
  outcomes: readonly RowOutcome[],
): Results {
  return { format: FORMAT, date: new Date().toISOString(), machine, options, outcomes }
}

export function writeResults(path: string, results: Results): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`)
}

/** @throws {Error} for a file that is none of ours */
export function readResults(path: string): Results {
  const results = JSON.parse(readFileSync(path, 'utf8')) as Results
  if (results.format !== FORMAT) throw new Error(`${path} holds no results of format ${FORMAT}`)
  return results
}
