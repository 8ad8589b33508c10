/**
 * The matrix: each scenario runs with both clients on both brokers, and what it shows must be what
 * Apache RocketMQ's client shows on Apache RocketMQ's broker. What differs is listed in gaps.json,
 * and what is listed there must differ.
 */
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conformanceGaps, conformanceScenarios } from '../../../scripts/conformance/catalogue.ts'
import { describeSide } from '../lane.ts'
import { columns, control } from './columns.ts'
import { type Outcome, runScenario } from './facts.ts'
import { MatrixPlace } from './place.ts'
import { disturbing, type Scenario, scenarios } from './scenarios/index.ts'

const TIMEOUT_MS = 240_000
const DIFFERENCE = 'differs, as gaps.json says'
const NO_DIFFERENCE = 'differs no more: take it out of gaps.json'

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
    test.each(besides)('%s', { timeout: TIMEOUT_MS }, async (name, scenario) => {
      const { shown, wanted } = await compare(place, name, scenario)
      expect(shown).toEqual(wanted)
    })
  })

  describe('one at a time', () => {
    test.each(alone)('%s', { timeout: TIMEOUT_MS }, async (name, scenario) => {
      const { shown, wanted } = await compare(place, name, scenario)
      expect(shown).toEqual(wanted)
    })
  })
})

/** What each column has shown and should have, by its name; a gap should have differed. */
async function compare(place: MatrixPlace, name: string, scenario: Scenario) {
  const outcomes = await Promise.all(
    [control, ...columns].map((column) =>
      runScenario(scenario, place.pairOf(column), { scenario: name, column: column.name }),
    ),
  )
  const [ofControl, ...others] = outcomes as [Outcome, ...Outcome[]]
  if ('failed' in ofControl) throw new Error(`it fails with RocketMQ alone: ${ofControl.failed}`)
  const gaps = conformanceGaps.filter((gap) => gap.scenario === name).map(({ column }) => column)
  const rows = columns.map(({ name: column }, at) => {
    const outcome = others[at]
    if (!gaps.includes(column)) return [column, outcome, ofControl]
    const difference = isDeepStrictEqual(outcome, ofControl) ? NO_DIFFERENCE : DIFFERENCE
    return [column, difference, DIFFERENCE]
  })
  return {
    shown: Object.fromEntries(rows.map(([column, outcome]) => [column, outcome])),
    wanted: Object.fromEntries(rows.map(([column, , outcome]) => [column, outcome])),
  }
}

test('the gaps name scenarios and columns that there are', () => {
  for (const { column, scenario, why } of conformanceGaps) {
    expect(conformanceScenarios.map(({ name }) => name)).toContain(scenario)
    expect(columns.map(({ name }) => name)).toContain(column)
    expect(why).not.toBe('')
  }
})
