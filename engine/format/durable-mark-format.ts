/**
 * The durable mark: how far the log was surely on the disk, in the file `agena/durable`. It is
 * overwritten in place after a flush of the log and not synced by itself, so it may be behind the
 * truth, never ahead of it. It lies within one sector, which a disk writes as a whole.
 *
 *     ┌──────────────────────────────────────────────────────────────────────┐ 0
 *     │ magic: DURABLE_MARK_MAGIC                                     int32  │
 *     │ the log is on the disk up to here          bytes of the log   int64  │
 *     │ length of a segment                        bytes              int64  │
 *     │ checksum of all before, see crc.ts                            int32  │
 *     └──────────────────────────────────────────────────────────────────────┘ 24
 *
 * Big-endian. Java knows nothing like it.
 */

import { assert } from '../base/assert.ts'
import { I32_BYTES, I64_BYTES } from '../base/units.ts'
import { readInt32, readInt64, writeInt32, writeInt64 } from './big-endian.ts'
import { bodyCrcOf } from './crc.ts'

/** "AgD1" in ASCII. */
const DURABLE_MARK_MAGIC = 0x4167_4431

const MAGIC_AT = 0
const OFFSET_AT = MAGIC_AT + I32_BYTES
const SEGMENT_BYTES_AT = OFFSET_AT + I64_BYTES
const CRC_AT = SEGMENT_BYTES_AT + I64_BYTES
/** Size of the mark in bytes. */
export const DURABLE_MARK_BYTES = CRC_AT + I32_BYTES

export interface DurableMark {
  /** Everything before this physical offset was on the disk. */
  readonly durableOffset: number
  /** Length of a segment of this store, in bytes. */
  readonly segmentBytes: number
}

export function writeDurableMark(target: Buffer, mark: DurableMark): void {
  assert(target.length >= DURABLE_MARK_BYTES, 'no room for the mark')
  writeInt32(target, MAGIC_AT, DURABLE_MARK_MAGIC)
  writeInt64(target, OFFSET_AT, mark.durableOffset)
  writeInt64(target, SEGMENT_BYTES_AT, mark.segmentBytes)
  writeInt32(target, CRC_AT, bodyCrcOf(target, 0, CRC_AT))
}

/** The mark in `source`; undefined when it is not whole. */
export function readDurableMark(source: Buffer): DurableMark | undefined {
  if (source.length < DURABLE_MARK_BYTES) return undefined
  if (readInt32(source, MAGIC_AT) !== DURABLE_MARK_MAGIC) return undefined
  if (readInt32(source, CRC_AT) !== bodyCrcOf(source, 0, CRC_AT)) return undefined
  const durableOffset = readInt64(source, OFFSET_AT)
  const segmentBytes = readInt64(source, SEGMENT_BYTES_AT)
  const isPlausible = Number.isSafeInteger(durableOffset) && durableOffset >= 0 && segmentBytes > 0
  return isPlausible ? { durableOffset, segmentBytes } : undefined
}

assert(DURABLE_MARK_BYTES === 24, 'the mark is 24 bytes')
