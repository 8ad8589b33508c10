import { expect, it } from 'vitest'
import { DecisionTable } from '../../../engine/base/decision-table.ts'

type Seen = { readonly light: 'red' | 'green'; readonly way: 'free' | 'blocked' }

const values = { light: ['red', 'green'], way: ['free', 'blocked'] } as const
const go = { name: 'go', when: { light: 'green', way: 'free' }, decision: 'go' } as const
const stop = { name: 'stop', when: { light: 'red' }, decision: 'wait' } as const
const blocked = { name: 'blocked', when: { way: ['blocked'] }, decision: 'wait' } as const

it('finds the one row that holds', () => {
  const table = new DecisionTable<Seen, string>(values, [go, { ...blocked, when: {} }])
  expect(table.rowsFor({ light: 'red', way: 'blocked' }).map(({ name }) => name)).toEqual([
    'blocked',
  ])
  expect(table.combinations()).toHaveLength(4)
})

it('does not decide what no row or more than one holds for', () => {
  const table = new DecisionTable<Seen, string>(values, [go, stop, blocked])
  expect(table.decide({ light: 'green', way: 'free' }).decision).toBe('go')
  expect(() => table.decide({ light: 'red', way: 'blocked' })).toThrow('several rows')
  const partial = new DecisionTable<Seen, string>(values, [go])
  expect(() => partial.decide({ light: 'red', way: 'free' })).toThrow('no row')
})
