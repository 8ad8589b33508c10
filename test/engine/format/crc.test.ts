/** The checksum is CRC-32 without its top bit, at every length and place: each way to it agrees. */
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bodyCrcOf, viewedBodyCrcOf, viewOf } from '../../../engine/format/crc.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

const LENGTH_MAX = 700

describe('bodyCrcOf', () => {
  it('is what zlib says, for lengths on both sides of every way to compute it', () => {
    // A buffer that does not begin where its memory does.
    const buffer = new SeededRandom(7).bytes(LENGTH_MAX + 9).subarray(3)
    const view = viewOf(buffer)
    for (let length = 0; length <= LENGTH_MAX; length += 1) {
      const start = length % 5
      const expected = crc32(buffer.subarray(start, start + length)) & 0x7fff_ffff
      expect(bodyCrcOf(buffer, start, start + length)).toBe(expected)
      expect(viewedBodyCrcOf(buffer, view, start, start + length)).toBe(expected)
    }
  })

  it('has no sign', () => {
    const bodies = Array.from({ length: 100 }, (_, index) => Buffer.from(`body ${index}`))
    expect(bodies.some((body) => crc32(body) > 0x7fff_ffff)).toBe(true)
    expect(bodies.every((body) => bodyCrcOf(body, 0, body.length) >= 0)).toBe(true)
  })
})
