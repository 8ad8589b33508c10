/**
 * Goal: a ratio that fell is found, whatever the absolute times of the machine are.
 * Method: a baseline, and later outcomes on a machine of half the speed.
 */
import { describe, expect, test } from 'vitest'
import { compare } from '../../../bench/versus/measures/comparison.ts'
import type { Sample } from '../../../bench/versus/measures/metrics.ts'
import { findChanges, formatChange, toBaseline } from '../../../bench/versus/regression.ts'
import { outcomeOf } from './sample-outcomes.ts'

const ID = 'send-128-256-async'

function comparisonOf(ours: Sample, theirs: Sample) {
  return compare(outcomeOf(ID, { Agena: [ours], RocketMQ: [theirs] }))
}

const theirs = { ratePerSecond: 50, cpuUs: 24, p99Us: 10 }
const baseline = toBaseline([comparisonOf({ ratePerSecond: 200, cpuUs: 4, p99Us: 1 }, theirs)])

describe('a baseline', () => {
  test('holds ratios of what does not swing', () => {
    expect(baseline).toEqual({ rows: { [ID]: { ratePerSecond: 4, cpuUs: 6 } } })
  })

  test('is not hurt by a slower machine', () => {
    const slow = { ratePerSecond: 25, cpuUs: 48 }
    const changes = findChanges([comparisonOf({ ratePerSecond: 100, cpuUs: 8 }, slow)], baseline, 1)
    expect(changes.map(({ isWorse }) => isWorse)).toEqual([false, false])
  })

  test('finds what fell by more than the tolerance', () => {
    const now = comparisonOf({ ratePerSecond: 140, cpuUs: 4 }, theirs)
    const changes = findChanges([now], baseline, 25)
    expect(changes.map(({ metric, isWorse }) => [metric, isWorse])).toEqual([
      ['ratePerSecond', true],
      ['cpuUs', false],
    ])
    expect(formatChange(changes[0]!)).toBe(`WORSE ${ID}, messages/s: 4.00 × before, 2.80 × now`)
    expect(findChanges([now], baseline, 31).some(({ isWorse }) => isWorse)).toBe(false)
  })

  test('counts a row that was not measured as worse', () => {
    const failed = compare(outcomeOf(ID, {}, { Agena: 'it broke' }))
    expect(findChanges([failed], baseline, 25).every(({ isWorse }) => isWorse)).toBe(true)
  })

  test('says nothing of rows that it does not know', () => {
    expect(findChanges([comparisonOf(theirs, theirs)], { rows: {} }, 25)).toEqual([])
  })
})
