/**
 * The matrix: each scenario runs with both clients on both brokers, and what it shows must be what
 * Apache RocketMQ's client shows on Apache RocketMQ's broker. What differs is listed in gaps.json,
 * and what is listed there must differ.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conformanceGaps, conformanceScenarios } from '../../../scripts/conformance/catalogue.ts'
import { describeSide } from '../lane.ts'
import { type Column, columns, control } from './columns.ts'
import { type Outcome, runScenario } from './facts.ts'
import { MatrixPlace } from './place.ts'
import { disturbing, type Scenario, scenarios } from './scenarios/index.ts'

const TIMEOUT_MS = 240_000

describeSide('agena', 'conformance with Apache RocketMQ', () => {
  let place: MatrixPlace
  beforeAll(async () => {
    place = await MatrixPlace.open()
  })
  afterAll(() => place[Symbol.asyncDispose]())

  const [alone, besides] = [true, false].map((isAlone) =>
    Object.entries(scenarios).filter(([name]) => disturbing.has(name) === isAlone),
  ) as [[string, Scenario][], [string, Scenario][]]

  describe.concurrent('side by side', () => {
    test.each(besides)('%s', { timeout: TIMEOUT_MS }, (name, scenario) =>
      expectSameFacts(place, name, scenario),
    )
  })

  describe('one at a time', () => {
    test.each(alone)('%s', { timeout: TIMEOUT_MS }, (name, scenario) =>
      expectSameFacts(place, name, scenario),
    )
  })
})

async function expectSameFacts(
  place: MatrixPlace,
  name: string,
  scenario: Scenario,
): Promise<void> {
  const outcomes = await Promise.all(
    [control, ...columns].map((column) =>
      runScenario(scenario, place.pairOf(column), { scenario: name, column: column.name }),
    ),
  )
  const [wanted, ...others] = outcomes as [Outcome, ...Outcome[]]
  if ('failed' in wanted) throw new Error(`it fails with RocketMQ alone: ${wanted.failed}`)
  const gaps = conformanceGaps.filter((gap) => gap.scenario === name)
  const isGap = ({ name: column }: Column): boolean => gaps.some((gap) => gap.column === column)
  const shown = columns.map((column, at) => ({ column, outcome: others[at]! }))
  const same = shown.filter((row) => !isGap(row.column))
  const rows = same.map(({ column, outcome }) => [column.name, outcome])
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(same.map(({ column }) => [column.name, wanted])),
  )
  for (const { column, outcome } of shown.filter((row) => isGap(row.column))) {
    const text = `${column.name} differs no more: take it out of gaps.json`
    expect(outcome, text).not.toEqual(wanted)
  }
}

test('the gaps name scenarios and columns that there are', () => {
  for (const { column, scenario, why } of conformanceGaps) {
    expect(conformanceScenarios.map(({ name }) => name)).toContain(scenario)
    expect(columns.map(({ name }) => name)).toContain(column)
    expect(why).not.toBe('')
  }
})
