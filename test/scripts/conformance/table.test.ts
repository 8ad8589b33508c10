import { expect, test } from 'vitest'
import {
  conformanceTable,
  TABLE_BEGIN,
  TABLE_END,
  withTable,
} from '../../../scripts/conformance/table.ts'

const scenarios = [
  { name: 'send', title: 'Send' },
  { name: 'ask', title: 'Ask and reply' },
]
const gaps = [
  { scenario: 'ask', column: 'agena-java', why: 'Not yet.' },
  { scenario: 'ask', column: 'agena-agena', why: 'Not yet.' },
]

test('each scenario is a row, and what differs has its reason below', () => {
  const rows = conformanceTable(scenarios, gaps).split('\n')
  expect(rows[2]).toMatch(/^\| Send +\| same +\| same +\| same +\|$/)
  expect(rows[3]).toMatch(/^\| Ask and reply +\| same +\| differs \(1\) +\| differs \(1\) +\|$/)
  expect(rows.at(-1)).toBe('1. Not yet.')
})

test('the table takes the place of the one before', () => {
  const once = withTable(`before ${TABLE_BEGIN}${TABLE_END} after`, 'first')
  expect(withTable(once, 'second')).toBe(once.replace('first', 'second'))
  expect(() => withTable('no marks', 'table')).toThrow('the README has no')
})
