/** What every decision table owes: it decides all, decides once, and each row has a test. */
import { expect, it } from 'vitest'
import type { DecisionTable, Facts } from '../../engine/base/decision-table.ts'

/** Tests a table, in a `describe` whose tests have the names of its rows: one for each of them. */
export function expectRowsTested<Seen extends Facts, Decision>(
  table: DecisionTable<Seen, Decision>,
): void {
  const rowNames = table.rows.map(({ name }) => name).sort()

  it('decides every combination by exactly one row, and has no row that decides none', () => {
    const deciding = new Set<string>()
    const combinations = table.combinations()
    const sizes = Object.values<readonly string[]>(table.values).map(({ length }) => length)
    expect(combinations).toHaveLength(sizes.reduce((product, size) => product * size, 1))
    for (const seen of combinations) {
      const names = table.rowsFor(seen).map(({ name }) => name)
      expect(names, JSON.stringify(seen)).toHaveLength(1)
      expect(table.decide(seen).name).toBe(names[0])
      deciding.add(names[0] ?? '')
    }
    expect([...deciding].sort()).toEqual(rowNames)
  })

  it('has a test for each row', ({ task }) => {
    const tests = task.suite?.tasks.map(({ name }) => name) ?? []
    expect(rowNames.filter((name) => !tests.includes(name))).toEqual([])
  })
}
