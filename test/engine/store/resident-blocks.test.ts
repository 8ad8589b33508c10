import { describe, expect, it } from 'vitest'
import type { LogSegment } from '../../../engine/log/log-segment.ts'
import { BELIEVED_MS, BLOCK_BYTES, ResidentBlocks } from '../../../engine/store/resident-blocks.ts'

const SEGMENT_BYTES = 3 * BLOCK_BYTES + 8192

/** A segment of which the stretch between two places is out of memory, and what was asked of it. */
function segmentWithout(hole: { from: number; to: number }) {
  const asked: [start: number, lengthBytes: number][] = []
  const isResident = (start: number, lengthBytes: number): boolean => {
    asked.push([start, lengthBytes])
    return start >= hole.to || start + lengthBytes <= hole.from
  }
  const segment = { sizeBytes: SEGMENT_BYTES, region: { isResident } } as unknown as LogSegment
  return { segment, asked, hole }
}

describe('what of a log is in memory', () => {
  let now = 1000

  it('is asked once for the records of a block, until that is too long ago', () => {
    const { segment, asked, hole } = segmentWithout({ from: 0, to: 0 })
    const blocks = new ResidentBlocks()
    for (const start of [0, 5000, BLOCK_BYTES - 100]) {
      expect(blocks.has({ segment, start, lengthBytes: 100 }, now)).toBe(true)
    }
    expect(asked).toEqual([[0, BLOCK_BYTES]])
    hole.to = SEGMENT_BYTES
    now += BELIEVED_MS - 1
    expect(blocks.has({ segment, start: 200, lengthBytes: 100 }, now)).toBe(true)
    now += 1
    expect(blocks.has({ segment, start: 200, lengthBytes: 100 }, now)).toBe(false)
  })

  it('is asked record by record where a block is there in part', () => {
    const { segment, asked } = segmentWithout({ from: 4096, to: 8192 })
    const blocks = new ResidentBlocks()
    expect(blocks.has({ segment, start: 0, lengthBytes: 100 }, now)).toBe(true)
    expect(blocks.has({ segment, start: 5000, lengthBytes: 100 }, now)).toBe(false)
    expect(blocks.has({ segment, start: 9000, lengthBytes: 100 }, now)).toBe(true)
    expect(asked).toEqual([
      [0, BLOCK_BYTES],
      [0, 100],
      [5000, 100],
      [9000, 100],
    ])
  })

  it('finds at once what has been read from the disk', () => {
    const { segment, hole } = segmentWithout({ from: 0, to: SEGMENT_BYTES })
    const blocks = new ResidentBlocks()
    const slice = { segment, start: BLOCK_BYTES, lengthBytes: 100 }
    expect(blocks.has(slice, now)).toBe(false)
    hole.from = SEGMENT_BYTES
    expect(blocks.has(slice, now)).toBe(true)
  })

  it('looks at every block that a long record touches, and not behind the end of the file', () => {
    const { segment, asked } = segmentWithout({ from: 2 * BLOCK_BYTES, to: 2 * BLOCK_BYTES + 4096 })
    const blocks = new ResidentBlocks()
    const lengthBytes = 2 * BLOCK_BYTES
    expect(blocks.has({ segment, start: BLOCK_BYTES, lengthBytes }, now)).toBe(false)
    expect(blocks.has({ segment, start: 3 * BLOCK_BYTES, lengthBytes: 8192 }, now)).toBe(true)
    expect(asked.at(-1)).toEqual([3 * BLOCK_BYTES, 8192])
  })
})
