/**
 * Goal: medians, spreads and ratios of what was measured in turns.
 * Method: figures whose statistics are known by hand.
 */
import { describe, expect, test } from 'vitest'
import { ratioOf, spreadOf, spreadPercent } from '../../../bench/versus/measures/statistics.ts'

describe('a spread', () => {
  test.each([
    { values: [7], median: 7, min: 7, max: 7 },
    { values: [9, 1, 5], median: 5, min: 1, max: 9 },
    { values: [4, 1, 3, 2], median: 2.5, min: 1, max: 4 },
    { values: [10, 9, 100], median: 10, min: 9, max: 100 },
  ])('of $values', ({ values, ...expected }) => {
    const given = [...values]
    expect(spreadOf(values)).toEqual(expected)
    expect(values).toEqual(given)
  })

  test('of nothing is none', () => expect(spreadOf([])).toBeUndefined())

  test('in percent is half of what lies between the extremes', () => {
    expect(spreadPercent({ median: 100, min: 90, max: 110 })).toBe(10)
    expect(spreadPercent({ median: 0, min: 0, max: 0 })).toBe(0)
  })
})

describe('a ratio', () => {
  test('is that of turns beside each other: a slow round of both does not move it', () => {
    expect(ratioOf([100, 10, 80], [50, 5, 40])).toEqual({ median: 2, min: 2, max: 2 })
  })

  test('leaves out a round that one side has not finished', () => {
    expect(ratioOf([6, 8, 9], [2, undefined])).toEqual({ median: 3, min: 3, max: 3 })
    expect(ratioOf([undefined, 8], [2, 4])).toEqual({ median: 2, min: 2, max: 2 })
  })

  test('to nothing is none', () => {
    expect(ratioOf([1, 2], [0, 0])).toBeUndefined()
    expect(ratioOf([], [1])).toBeUndefined()
  })
})
