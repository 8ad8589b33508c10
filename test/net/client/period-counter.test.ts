/** Goal: what was counted in a period is told, and what is older is forgotten. */
import { expect, test } from 'vitest'
import { PeriodCounter } from '../../../net/client/period-counter.ts'

test('nothing counted is nothing in no time', () => {
  expect(new PeriodCounter(10, 6).total(1_000)).toEqual({ sum: 0, times: 0, spanMs: 0 })
})

test('a step that has just begun counts as a whole one', () => {
  const counter = new PeriodCounter(10, 6)
  counter.add(100, 5)
  counter.add(101, 2)
  expect(counter.total(101)).toEqual({ sum: 7, times: 2, spanMs: 10 })
})

test('a period moves on, and forgets what is older, whether something is added or not', () => {
  const counter = new PeriodCounter(10, 6)
  for (let nowMs = 100; nowMs < 200; nowMs += 10) counter.add(nowMs, 1)
  expect(counter.total(195)).toEqual({ sum: 6, times: 6, spanMs: 55 })
  expect(counter.total(225)).toEqual({ sum: 3, times: 3, spanMs: 55 })
  expect(counter.total(1_000)).toEqual({ sum: 0, times: 0, spanMs: 0 })
})
