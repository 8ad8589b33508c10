import { expect, it } from 'vitest'
import { LatestBytes } from '../../../engine/base/latest-bytes.ts'

it('knows the bytes of the call before wherever they stand, and no others', () => {
  const latest = new LatestBytes()
  const bytes = Buffer.from('one two one  onetwo')
  expect(latest.isRepeated(bytes, 0, 3)).toBe(false)
  expect(latest.isRepeated(bytes, 0, 3)).toBe(true)
  expect(latest.isRepeated(bytes, 8, 11)).toBe(true)
  expect(latest.isRepeated(bytes, 4, 7)).toBe(false)
  expect(latest.isRepeated(bytes, 0, 3)).toBe(false)
  expect(latest.isRepeated(bytes, 13, 19)).toBe(false)
  expect(latest.isRepeated(bytes, 13, 16)).toBe(false)
})

it('keeps a copy: what is written over them afterwards is something else', () => {
  const latest = new LatestBytes()
  const bytes = Buffer.from('topic')
  latest.isRepeated(bytes, 0, bytes.length)
  bytes.write('T')
  expect(latest.isRepeated(bytes, 0, bytes.length)).toBe(false)
  expect(latest.isRepeated(Buffer.from('topic'), 0, bytes.length)).toBe(false)
})

it('takes the empty and the long ones', () => {
  const latest = new LatestBytes()
  const long = Buffer.alloc(1000, 'x')
  expect(latest.isRepeated(long, 0, 0)).toBe(false)
  expect(latest.isRepeated(long, 5, 5)).toBe(true)
  expect(latest.isRepeated(long, 0, 1000)).toBe(false)
  expect(latest.isRepeated(Buffer.alloc(1000, 'x'), 0, 1000)).toBe(true)
})
