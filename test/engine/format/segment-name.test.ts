import { expect, it } from 'vitest'
import { AssertionFailure } from '../../../engine/base/assert.ts'
import { parseSegmentName, segmentName } from '../../../engine/format/segment-name.ts'
import { golden } from './golden.ts'

it.each(Object.entries(golden.segmentNames))('%s is Java’s name of offset %i', (name, offset) => {
  expect(segmentName(offset)).toBe(name)
  expect(parseSegmentName(name)).toBe(offset)
})

it('takes nothing but 20 digits of a safe offset for a name', () => {
  const others = [
    '',
    '0',
    '0000000000000000000',
    '000000000000000000000',
    '0000000000000000000x',
    '-0000000000000000001',
    ' 0000000000000000000',
    '00000000000000000000.gz',
    '00009007199254740992',
    '99999999999999999999',
  ]
  for (const name of others) expect([name, parseSegmentName(name)]).toEqual([name, undefined])
})

it('names only offsets', () => {
  for (const offset of [-1, 0.5, 2 ** 53]) {
    expect(() => segmentName(offset)).toThrow(AssertionFailure)
  }
})
