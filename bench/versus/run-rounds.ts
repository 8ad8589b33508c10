import { describeError } from '../../engine/base/errors.ts'
import { type Sample, sampleText } from './measures/metrics.ts'
import { OtherLoad } from './measures/other-load.ts'
import type { VersusOptions } from './options.ts'
import { createOutcome, type RowOutcome } from './outcome.ts'
import type { Contender, Row } from './row.ts'
import { guardedPids } from './sides/paused-processes.ts'

/** Measures one contender once. */
export type Measure = (contender: Contender, round: number) => Promise<Sample>

/** How many turns each contender of a row gets. */
export function roundsOf(row: Row, options: Pick<VersusOptions, 'rounds' | 'minorRounds'>): number {
  const usual = row.isMinor === true ? options.minorRounds : options.rounds
  return Math.min(usual, row.roundsMax ?? usual)
}

/** Measures the contenders in turn. One that fails is out of the row, and its failure is told. */
export async function runRounds(
  row: Row,
  options: Pick<VersusOptions, 'rounds' | 'minorRounds' | 'log'>,
  measure: Measure,
): Promise<RowOutcome> {
  const { log } = options
  const rounds = roundsOf(row, options)
  const samples = new Map(row.contenders.map((name) => [name, [] as (Sample | undefined)[]]))
  const failures = new Map<Contender, string>()
  for (let round = 0; round < rounds; round++) {
    for (const name of row.contenders) {
      if (failures.has(name)) continue
      const turn = `${row.id}, round ${round + 1} of ${rounds}, ${name}`
      try {
        const others = new OtherLoad(guardedPids())
        const measured = await measure(name, round)
        const sample = { ...measured, otherCores: others.cores() }
        samples.get(name)!.push(sample)
        log(`${turn}: ${sampleText(sample)}`)
      } catch (error) {
        // Its cause names the command with its folders, which are of no use to another machine.
        failures.set(name, error instanceof Error ? error.message : String(error))
        log(`${turn} cannot: ${describeError(error)}`)
      }
    }
  }
  return createOutcome(row, samples, failures)
}
