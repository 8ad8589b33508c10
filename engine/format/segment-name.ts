/**
 * Segments of the commit log and of consume queues are named after the offset of their first byte:
 * 20 decimal digits (RocketMQ's `UtilAll.offset2FileName`).
 */

import { assert } from '../base/assert.ts'

const NAME_DIGITS = 20
const NAME_PATTERN = /^\d{20}$/

/** The name of the segment that starts at this offset, in bytes. */
export function segmentName(startOffset: number): string {
  assert(Number.isSafeInteger(startOffset) && startOffset >= 0, 'not an offset')
  return String(startOffset).padStart(NAME_DIGITS, '0')
}

/** The start offset in bytes of the segment of this name; undefined when it is not a segment's. */
export function parseSegmentName(name: string): number | undefined {
  if (!NAME_PATTERN.test(name)) return undefined
  const startOffset = Number(name)
  return Number.isSafeInteger(startOffset) ? startOffset : undefined
}
