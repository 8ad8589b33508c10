import { expect, test } from 'vitest'
import {
  DURABLE_MARK_BYTES,
  readDurableMark,
  writeDurableMark,
} from '../../../engine/format/durable-mark-format.ts'

const MARK = { durableOffset: 2 ** 40 + 7, segmentBytes: 2 ** 30 }

function written(): Buffer {
  const bytes = Buffer.alloc(DURABLE_MARK_BYTES)
  writeDurableMark(bytes, MARK)
  return bytes
}

test('a mark is read back as it was written', () => {
  expect(readDurableMark(written())).toEqual(MARK)
  const head = '41674431' + '0000010000000007' + '0000000040000000'
  expect(written().toString('hex').startsWith(head)).toBe(true)
})

test('a mark with any bit changed, or any byte missing, is none', () => {
  const bytes = written()
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    // The checksum has no top bit, as everywhere in a store.
    expect(readDurableMark(changed), `bit ${bit}`).toBeUndefined()
  }
  for (let length = 0; length < bytes.length; length += 1) {
    expect(readDurableMark(bytes.subarray(0, length))).toBeUndefined()
  }
  expect(readDurableMark(Buffer.alloc(DURABLE_MARK_BYTES))).toBeUndefined()
})
