/**
 * Bytes → the fields of a record, or the reason why there is none. Never throws, whatever the
 * bytes, and never looks past the given limit. RocketMQ: `CommitLog.checkMessageAndReturnSize`.
 */

import { assert } from '../base/assert.ts'
import { I8_BYTES, I16_BYTES, I32_BYTES, I64_BYTES } from '../base/units.ts'
import { readInt8, readInt16, readInt32, readInt64 } from './big-endian.ts'
import { bodyCrcOf } from './crc.ts'
import {
  BLANK_MAGIC,
  BLANK_RECORD_BYTES,
  BODY_AFTER_STORE_HOST,
  BODY_CRC_AT,
  BODY_LENGTH_AFTER_STORE_HOST,
  BORN_HOST_AT,
  BORN_TIMESTAMP_AT,
  FLAG_AT,
  hostBytes,
  MAGIC_AT,
  PHYSICAL_OFFSET_AT,
  PREPARED_TRANSACTION_OFFSET_AFTER_STORE_HOST,
  QUEUE_ID_AT,
  QUEUE_OFFSET_AT,
  RECONSUME_TIMES_AFTER_STORE_HOST,
  RECORD_MAGIC_V1,
  RECORD_MAGIC_V2,
  RECORD_MIN_BYTES,
  RECORD_SIZE_AT,
  SYS_FLAG_AT,
} from './record-format.ts'
import { BORN_HOST_V6_FLAG, STORE_HOST_V6_FLAG } from './sys-flag.ts'

/** What lies at a place of the log. */
export const RecordVerdict = {
  /** A whole record; every field of the view is set. */
  WHOLE: 'WHOLE',
  /** The blank that ends a segment; the view's `totalBytes` leads to the segment's end. */
  BLANK: 'BLANK',
  /** Size and magic are zero: nothing was ever written here. */
  END: 'END',
  /** The record reaches past the limit; `totalBytes` says how far, 0 if not even that is known. */
  NEED_MORE: 'NEED_MORE',
  /** Either size or magic is zero, not both: only half of a record's head came to the disk. */
  TORN: 'TORN',
  /** Something other than a record. */
  BAD_MAGIC: 'BAD_MAGIC',
  /** The lengths inside do not add up to the record's size. */
  BAD_SIZE: 'BAD_SIZE',
  /** The body is not the one that was stored. */
  BAD_CRC: 'BAD_CRC',
} as const
export type RecordVerdict = (typeof RecordVerdict)[keyof typeof RecordVerdict]

/** Where the fields of a record lie and what they say. Mutable: reuse one for all. */
export interface RecordView {
  /** All positions are indexes into the buffer that was read, ends are exclusive. */
  start: number
  totalBytes: number
  magic: number
  bodyCrc: number
  queueId: number
  flag: number
  queueOffset: number
  physicalOffset: number
  sysFlag: number
  bornTimestampMs: number
  bornHostStart: number
  bornHostEnd: number
  storeTimestampMs: number
  storeHostStart: number
  storeHostEnd: number
  reconsumeTimes: number
  preparedTransactionOffset: number
  bodyStart: number
  bodyEnd: number
  topicStart: number
  topicEnd: number
  propertiesStart: number
  propertiesEnd: number
}

/** How much to check. */
export interface ReadRecordOptions {
  /**
   * Compare the body with its CRC. Without it only the structure is checked. Java leaves the CRC of
   * an empty body unchecked, and so does this.
   */
  readonly checkCrc: boolean
}

export function createRecordView(): RecordView {
  return {
    start: 0,
    totalBytes: 0,
    magic: 0,
    bodyCrc: 0,
    queueId: 0,
    flag: 0,
    queueOffset: 0,
    physicalOffset: 0,
    sysFlag: 0,
    bornTimestampMs: 0,
    bornHostStart: 0,
    bornHostEnd: 0,
    storeTimestampMs: 0,
    storeHostStart: 0,
    storeHostEnd: 0,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    bodyStart: 0,
    bodyEnd: 0,
    topicStart: 0,
    topicEnd: 0,
    propertiesStart: 0,
    propertiesEnd: 0,
  }
}

/**
 * Reads what lies at `buffer[at]`, as far as `buffer[limit]`. With every verdict `start`,
 * `totalBytes` and `magic` are what the bytes say (0 where the limit cuts them off); the other
 * fields mean something only after `WHOLE`, or `BAD_CRC`.
 */
export function readRecord(
  buffer: Buffer,
  at: number,
  limit: number,
  view: RecordView,
  options: ReadRecordOptions,
): RecordVerdict {
  assert(at >= 0 && limit <= buffer.length, 'the range to read lies outside the buffer')
  const verdict = readHead(buffer, at, limit, view)
  if (verdict !== RecordVerdict.WHOLE) return verdict
  readFixedFields(buffer, view)
  if (!readVariableParts(buffer, view)) return RecordVerdict.BAD_SIZE
  if (options.checkCrc && view.bodyEnd > view.bodyStart) {
    const bodyCrc = bodyCrcOf(buffer, view.bodyStart, view.bodyEnd)
    if (bodyCrc !== view.bodyCrc) return RecordVerdict.BAD_CRC
  }
  return RecordVerdict.WHOLE
}

/** Size and magic. `WHOLE` here means that a record of a plausible size lies inside the limit. */
function readHead(buffer: Buffer, at: number, limit: number, view: RecordView): RecordVerdict {
  view.start = at
  view.totalBytes = 0
  view.magic = 0
  if (limit - at < I32_BYTES) return RecordVerdict.NEED_MORE
  const totalBytes = readInt32(buffer, at + RECORD_SIZE_AT)
  view.totalBytes = totalBytes
  if (limit - at < BLANK_RECORD_BYTES) return RecordVerdict.NEED_MORE
  const magic = readInt32(buffer, at + MAGIC_AT)
  view.magic = magic

  if (totalBytes === 0 && magic === 0) return RecordVerdict.END
  if (totalBytes === 0 || magic === 0) return RecordVerdict.TORN
  const isBlank = magic === BLANK_MAGIC
  if (!isBlank && magic !== RECORD_MAGIC_V1 && magic !== RECORD_MAGIC_V2) {
    return RecordVerdict.BAD_MAGIC
  }
  if (totalBytes < (isBlank ? BLANK_RECORD_BYTES : RECORD_MIN_BYTES)) return RecordVerdict.BAD_SIZE
  if (totalBytes > limit - at) return RecordVerdict.NEED_MORE
  return isBlank ? RecordVerdict.BLANK : RecordVerdict.WHOLE
}

/** Fields at fixed places: the smallest record holds them all, so no length is checked here. */
function readFixedFields(buffer: Buffer, view: RecordView): void {
  const at = view.start
  view.bodyCrc = readInt32(buffer, at + BODY_CRC_AT)
  view.queueId = readInt32(buffer, at + QUEUE_ID_AT)
  view.flag = readInt32(buffer, at + FLAG_AT)
  view.queueOffset = readInt64(buffer, at + QUEUE_OFFSET_AT)
  view.physicalOffset = readInt64(buffer, at + PHYSICAL_OFFSET_AT)
  view.sysFlag = readInt32(buffer, at + SYS_FLAG_AT)
  view.bornTimestampMs = readInt64(buffer, at + BORN_TIMESTAMP_AT)
  view.bornHostStart = at + BORN_HOST_AT
  view.bornHostEnd = view.bornHostStart + hostBytes((view.sysFlag & BORN_HOST_V6_FLAG) !== 0)
}

/** What comes after the born host; false when it does not end exactly where the record does. */
function readVariableParts(buffer: Buffer, view: RecordView): boolean {
  const end = view.start + view.totalBytes
  const isVersion2 = view.magic === RECORD_MAGIC_V2
  const lengthBytes = isVersion2 ? I16_BYTES : I8_BYTES

  view.storeHostStart = view.bornHostEnd + I64_BYTES
  view.storeHostEnd = view.storeHostStart + hostBytes((view.sysFlag & STORE_HOST_V6_FLAG) !== 0)
  view.bodyStart = view.storeHostEnd + BODY_AFTER_STORE_HOST
  if (view.bodyStart + lengthBytes + I16_BYTES > end) return false
  view.storeTimestampMs = readInt64(buffer, view.bornHostEnd)
  view.reconsumeTimes = readInt32(buffer, view.storeHostEnd + RECONSUME_TIMES_AFTER_STORE_HOST)
  view.preparedTransactionOffset = readInt64(
    buffer,
    view.storeHostEnd + PREPARED_TRANSACTION_OFFSET_AFTER_STORE_HOST,
  )

  const bodyBytes = readInt32(buffer, view.storeHostEnd + BODY_LENGTH_AFTER_STORE_HOST)
  view.bodyEnd = view.bodyStart + bodyBytes
  view.topicStart = view.bodyEnd + lengthBytes
  if (bodyBytes < 0 || view.topicStart + I16_BYTES > end) return false

  const topicBytes = isVersion2 ? readInt16(buffer, view.bodyEnd) : readInt8(buffer, view.bodyEnd)
  view.topicEnd = view.topicStart + topicBytes
  view.propertiesStart = view.topicEnd + I16_BYTES
  if (topicBytes < 0 || view.propertiesStart > end) return false

  // A negative length cannot lead to the end, which is not before the properties' start.
  view.propertiesEnd = view.propertiesStart + readInt16(buffer, view.topicEnd)
  return view.propertiesEnd === end
}
