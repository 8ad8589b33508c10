import type { Sample } from '../../../bench/versus/measures/metrics.ts'
import type { RowOutcome } from '../../../bench/versus/outcome.ts'
import { chooseRows } from '../../../bench/versus/rows.ts'

/** An outcome of the row `id`, as if it had been measured. */
export function outcomeOf(
  id: string,
  samples: Readonly<Record<string, readonly Sample[]>>,
  failures: Readonly<Record<string, string>> = {},
): RowOutcome {
  const row = chooseRows([id], false)[0]!
  return {
    row,
    contenders: row.contenders.map((name) => {
      const failure = failures[name]
      const outcome = { name, samples: samples[name] ?? [] }
      return failure === undefined ? outcome : { ...outcome, failure }
    }),
  }
}
