import type { Sample } from './measures/metrics.ts'
import type { Contender, Row } from './row.ts'

/** What came out of a row. */
export interface RowOutcome {
  readonly row: Omit<Row, 'work' | 'isQuick'>
  readonly contenders: readonly ContenderOutcome[]
}

/** What the contenders of a row have measured, and why those that failed did. */
export function createOutcome(
  row: Row,
  samples: ReadonlyMap<Contender, readonly (Sample | undefined)[]>,
  failures: ReadonlyMap<Contender, string>,
): RowOutcome {
  const { work: _work, isQuick: _isQuick, ...described } = row
  return {
    row: described,
    contenders: row.contenders.map((name) => {
      const failure = failures.get(name)
      const outcome = { name, samples: samples.get(name) ?? [] }
      return failure === undefined ? outcome : { ...outcome, failure }
    }),
  }
}

export interface ContenderOutcome {
  readonly name: Contender
  /** One a round; undefined where the contender failed. */
  readonly samples: readonly (Sample | undefined)[]
  /** Why it could not run, or not finish, a round. */
  readonly failure?: string
}
