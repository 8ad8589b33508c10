import { expect, it } from 'vitest'
import { GIB, MIB } from '../../../engine/base/units.ts'
import { RECORD_MIN_BYTES } from '../../../engine/format/record-format.ts'
import { REMEMBERED_MS, VerifiedRecords } from '../../../engine/store/verified-records.ts'

const NOW_MS = 1000

it('remembers each record by itself, however close they lie', () => {
  const records = new VerifiedRecords()
  const offsets = Array.from({ length: 50_000 }, (_, index) => 7 + index * RECORD_MIN_BYTES)
  for (const [index, offset] of offsets.entries()) if (index % 3 === 0) records.add(offset, NOW_MS)
  const known = offsets.filter((offset) => records.has(offset, NOW_MS))
  expect(known).toEqual(offsets.filter((_, index) => index % 3 === 0))
})

it('forgets the blocks of what left memory, and no others', () => {
  const records = new VerifiedRecords()
  const offsets = [0, MIB - 100, MIB, 2 * MIB, 3 * MIB, 4 * MIB]
  for (const offset of offsets) records.add(offset, NOW_MS)
  records.forget(2 * MIB - 1, MIB + 2)
  expect(offsets.filter((offset) => records.has(offset, NOW_MS))).toEqual([0, MIB - 100, 4 * MIB])
})

it('forgets all of a block when its time is over', () => {
  const records = new VerifiedRecords()
  records.add(100, NOW_MS)
  records.add(300, NOW_MS + REMEMBERED_MS - 1)
  expect(records.has(100, NOW_MS + REMEMBERED_MS - 1)).toBe(true)
  expect(records.has(300, NOW_MS + REMEMBERED_MS)).toBe(false)
  records.add(500, NOW_MS + REMEMBERED_MS)
  const known = [100, 300, 500].filter((offset) => records.has(offset, NOW_MS + REMEMBERED_MS))
  expect(known).toEqual([500])
})

it('gives the room of the oldest block to a new one', () => {
  const records = new VerifiedRecords()
  for (let offset = 0; offset < 2 * GIB; offset += MIB) records.add(offset, NOW_MS)
  expect(records.has(0, NOW_MS)).toBe(true)
  records.add(2 * GIB + 128, NOW_MS)
  const known = [0, MIB, 2 * GIB, 2 * GIB + 128].filter((offset) => records.has(offset, NOW_MS))
  expect(known).toEqual([MIB, 2 * GIB + 128])
})
