/**
 * A decision that is data: rows of conditions over small enumerations, each with a name and what is
 * done. Every combination of what can be seen is decided by exactly one row, which
 * {@link DecisionTable.decide} asserts and a test proves by going through all of them.
 */
import { assert } from './assert.ts'

/** What is seen: one value of each enumeration. */
export type Facts<Names extends string = string> = Readonly<Record<Names, string>>

/** One row: it holds for every combination that `when` does not exclude. */
export interface DecisionRow<Seen extends Facts, Decision> {
  readonly name: string
  /** One value, or several; an enumeration that is left out does not matter. */
  readonly when: { readonly [Name in keyof Seen]?: Seen[Name] | readonly Seen[Name][] }
  readonly decision: Decision
}

export class DecisionTable<Seen extends Facts, Decision> {
  /** Every value of each enumeration. */
  readonly values: { readonly [Name in keyof Seen]: readonly Seen[Name][] }
  readonly rows: readonly DecisionRow<Seen, Decision>[]

  constructor(
    values: { readonly [Name in keyof Seen]: readonly Seen[Name][] },
    rows: readonly DecisionRow<Seen, Decision>[],
  ) {
    this.values = values
    this.rows = rows
  }

  /** The one row that holds for what is seen. */
  decide(seen: Seen): DecisionRow<Seen, Decision> {
    const [row, ...others] = this.rowsFor(seen)
    assert(row !== undefined, `no row decides ${JSON.stringify(seen)}`)
    assert(others.length === 0, `several rows decide ${JSON.stringify(seen)}`)
    return row
  }

  /** Every row that holds for what is seen: exactly one where the table is right. */
  rowsFor(seen: Seen): DecisionRow<Seen, Decision>[] {
    return this.rows.filter(({ when }) => {
      return Object.entries(when).every(([name, wanted]) => {
        return wanted === seen[name] || (Array.isArray(wanted) && wanted.includes(seen[name]))
      })
    })
  }

  /** Every combination of the enumerations. */
  combinations(): Seen[] {
    let combinations: Facts[] = [{}]
    for (const [name, values] of Object.entries<readonly string[]>(this.values)) {
      combinations = combinations.flatMap((before) => {
        return values.map((value) => ({ ...before, [name]: value }))
      })
    }
    return combinations as Seen[]
  }
}
