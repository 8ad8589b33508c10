/**
 * A consume queue: one unit a message, in the order of its queue, in files of equal size.
 *
 *     ┌───────────────────────────────┬───────────────┬───────────────────────────────┐
 *     │ physical offset         int64 │ size    int32 │ tagsCode                int64 │
 *     └───────────────────────────────┴───────────────┴───────────────────────────────┘
 *     0                               8              12                              20
 *
 * - physical offset and size: where in the commit log the record lies, in bytes.
 * - tagsCode: Java's hash of the TAGS property, sign-extended, 0 without tags; in the queues of
 *   SCHEDULE_TOPIC_XXXX the time of delivery in ms since 1970; below -2^31 the address of an
 *   extended unit (`ConsumeQueueExt`).
 * - A queue that begins later than its first file is filled up with pre-blank units:
 *   offset 0, size 2^31 - 1, tagsCode 0. Never written yet: all zero.
 *
 * Big-endian, not aligned. RocketMQ: `ConsumeQueue`, `ConsumeQueueExt`,
 * `MessageExtBrokerInner.tagsString2tagsCode`.
 */

import { assert } from '../base/assert.ts'
import { HIGH_WORD, I32_BYTES, I64_BYTES } from '../base/units.ts'
import { readInt32, readInt64, writeInt32, writeInt64 } from './big-endian.ts'
import { javaHash, javaHashOfUtf8 } from './java-hash.ts'

const UNIT_PHYSICAL_OFFSET_AT = 0
const UNIT_RECORD_BYTES_AT = UNIT_PHYSICAL_OFFSET_AT + I64_BYTES
const UNIT_TAGS_CODE_AT = UNIT_RECORD_BYTES_AT + I32_BYTES
/** Size of a unit in bytes. */
export const CONSUME_QUEUE_UNIT_BYTES = UNIT_TAGS_CODE_AT + I64_BYTES

/** RocketMQ's default size of a consume queue file (`mappedFileSizeConsumeQueue`), in bytes. */
export const CONSUME_QUEUE_FILE_BYTES_DEFAULT = 300_000 * CONSUME_QUEUE_UNIT_BYTES

/** The size that a pre-blank unit claims. */
const PRE_BLANK_RECORD_BYTES = 0x7fff_ffff
/** tagsCodes below are addresses of extended units. */
const TAGS_CODE_MIN = -0x8000_0000

/** One unit. Mutable: reuse one for all. */
export interface ConsumeQueueUnit {
  physicalOffset: number
  recordBytes: number
  /** The nearest number; exact unless {@link isExtendedAddress} says that it is an address. */
  tagsCode: number
  /** The signed upper and the unsigned lower half of the tagsCode: always exact. */
  tagsCodeHigh: number
  tagsCodeLow: number
}

export function createConsumeQueueUnit(): ConsumeQueueUnit {
  return { physicalOffset: 0, recordBytes: 0, tagsCode: 0, tagsCodeHigh: 0, tagsCodeLow: 0 }
}

/** Writes one unit; `tagsCode` is a safe integer. */
export function writeConsumeQueueUnit(
  target: Buffer,
  at: number,
  physicalOffset: number,
  recordBytes: number,
  tagsCode: number,
): void {
  assert(at >= 0 && at + CONSUME_QUEUE_UNIT_BYTES <= target.length, 'no room for the unit')
  writeInt64(target, at + UNIT_PHYSICAL_OFFSET_AT, physicalOffset)
  writeInt32(target, at + UNIT_RECORD_BYTES_AT, recordBytes)
  writeInt64(target, at + UNIT_TAGS_CODE_AT, tagsCode)
}

/** Reads the unit at `source[at]`. */
export function readConsumeQueueUnit(source: Buffer, at: number, unit: ConsumeQueueUnit): void {
  assert(at >= 0 && at + CONSUME_QUEUE_UNIT_BYTES <= source.length, 'no unit there')
  unit.physicalOffset = readInt64(source, at + UNIT_PHYSICAL_OFFSET_AT)
  unit.recordBytes = readInt32(source, at + UNIT_RECORD_BYTES_AT)
  unit.tagsCodeHigh = readInt32(source, at + UNIT_TAGS_CODE_AT)
  unit.tagsCodeLow = readInt32(source, at + UNIT_TAGS_CODE_AT + I32_BYTES) >>> 0
  unit.tagsCode = unit.tagsCodeHigh * HIGH_WORD + unit.tagsCodeLow
}

/** Only the physical offset of the unit at `source[at]`. */
export function unitPhysicalOffset(source: Buffer, at: number): number {
  return readInt64(source, at + UNIT_PHYSICAL_OFFSET_AT)
}

/** Only the record size of the unit at `source[at]`: 0 where none was written yet. */
export function unitRecordBytes(source: Buffer, at: number): number {
  return readInt32(source, at + UNIT_RECORD_BYTES_AT)
}

/** Whether a unit was written here: Java's test, true for pre-blank units too. */
export function isWrittenUnit(unit: ConsumeQueueUnit): boolean {
  return unit.physicalOffset >= 0 && unit.recordBytes > 0
}

/** Whether this unit only fills the space before the queue's first message. */
export function isPreBlankUnit(unit: ConsumeQueueUnit): boolean {
  return unit.physicalOffset === 0 && unit.recordBytes === PRE_BLANK_RECORD_BYTES
}

/** Writes `count` pre-blank units from `target[at]` on. */
export function writePreBlankUnits(target: Buffer, at: number, count: number): void {
  for (let index = 0; index < count; index++) {
    writeConsumeQueueUnit(
      target,
      at + index * CONSUME_QUEUE_UNIT_BYTES,
      0,
      PRE_BLANK_RECORD_BYTES,
      0,
    )
  }
}

/** Whether a tagsCode is the address of an extended unit, which Agena does not read. */
export function isExtendedAddress(tagsCode: number): boolean {
  return tagsCode < TAGS_CODE_MIN
}

/** The tagsCode of a TAGS property. */
export function tagsCodeOf(tags: string): number {
  return javaHash(tags)
}

/** The tagsCode of the TAGS property in `buffer[start, end)`. */
export function tagsCodeOfUtf8(buffer: Buffer, start: number, end: number): number {
  return javaHashOfUtf8(buffer, start, end)
}

assert(CONSUME_QUEUE_UNIT_BYTES === 20, 'a consume queue unit is 20 bytes')
assert(CONSUME_QUEUE_FILE_BYTES_DEFAULT === 6_000_000, 'a consume queue file is 6,000,000 bytes')
