import type { Sample } from './measures/metrics.ts'
import type { Contender, Row } from './row.ts'

/** What came out of a row. */
export interface RowOutcome {
  readonly row: Omit<Row, 'work' | 'isQuick'>
  readonly contenders: readonly ContenderOutcome[]
}

export interface ContenderOutcome {
  readonly name: Contender
  /** One a round; undefined where the contender failed. */
  readonly samples: readonly (Sample | undefined)[]
  /** Why it could not run, or not finish, a round. */
  readonly failure?: string
}
