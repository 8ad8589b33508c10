/**
 * A message's fields → the bytes of record-format.ts, in a caller's buffer. One copy of the body,
 * one checksum, nothing allocated.
 */

import { assert } from '../base/assert.ts'
import { I16_BYTES, I32_BYTES, I64_BYTES } from '../base/units.ts'
import { writeInt16, writeInt32, writeInt64 } from './big-endian.ts'
import { copyBytes } from './copy-bytes.ts'
import { bodyCrcOf } from './crc.ts'
import {
  BLANK_MAGIC,
  BLANK_RECORD_BYTES,
  BODY_AFTER_STORE_HOST,
  BODY_CRC_AT,
  BODY_LENGTH_AFTER_STORE_HOST,
  BORN_HOST_AT,
  BORN_TIMESTAMP_AT,
  bodyAt,
  FLAG_AT,
  HOST_V4_BYTES,
  HOST_V6_BYTES,
  MAGIC_AT,
  needsVersion2,
  PHYSICAL_OFFSET_AT,
  PREPARED_TRANSACTION_OFFSET_AFTER_STORE_HOST,
  PROPERTIES_MAX_BYTES,
  QUEUE_ID_AT,
  QUEUE_OFFSET_AT,
  RECONSUME_TIMES_AFTER_STORE_HOST,
  RECORD_MAGIC_V1,
  RECORD_MAGIC_V2,
  RECORD_SIZE_AT,
  SYS_FLAG_AT,
  TOPIC_MAX_BYTES_V2,
  topicLengthBytes,
} from './record-format.ts'
import { BORN_HOST_V6_FLAG, STORE_HOST_V6_FLAG } from './sys-flag.ts'

/** Where the fields of a message lie that is about to be stored. Mutable: reuse one for all. */
export interface RecordSource {
  /** UTF-8, at most {@link TOPIC_MAX_BYTES_V2} bytes. */
  topic: Buffer
  topicStart: number
  topicEnd: number
  queueId: number
  /** The application's own flag. */
  flag: number
  /** The two host bits are ignored: the encoder sets them by the hosts' lengths. */
  sysFlag: number
  bornTimestampMs: number
  /** Address and port of the sender, 8 or 20 bytes, see host.ts. */
  bornHost: Buffer
  /** Address and port of the broker, 8 or 20 bytes. */
  storeHost: Buffer
  reconsumeTimes: number
  preparedTransactionOffset: number
  body: Buffer
  bodyStart: number
  bodyEnd: number
  /** In RocketMQ's property encoding, at most {@link PROPERTIES_MAX_BYTES} bytes. */
  properties: Buffer
  propertiesStart: number
  propertiesEnd: number
}

const NO_BYTES = Buffer.alloc(0)

/** A source without content; fill it before every {@link encodeRecord}. */
export function createRecordSource(): RecordSource {
  return {
    topic: NO_BYTES,
    topicStart: 0,
    topicEnd: 0,
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestampMs: 0,
    bornHost: NO_BYTES,
    storeHost: NO_BYTES,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: NO_BYTES,
    bodyStart: 0,
    bodyEnd: 0,
    properties: NO_BYTES,
    propertiesStart: 0,
    propertiesEnd: 0,
  }
}

/** Size in bytes of the record that {@link encodeRecord} makes of `source`. */
export function recordBytes(source: RecordSource): number {
  const topicBytes = source.topicEnd - source.topicStart
  return (
    bodyAt(source.bornHost.length, source.storeHost.length) +
    (source.bodyEnd - source.bodyStart) +
    topicLengthBytes(needsVersion2(topicBytes)) +
    topicBytes +
    I16_BYTES +
    (source.propertiesEnd - source.propertiesStart)
  )
}

/**
 * Writes `source` as a record at `target[at]` and returns its size in bytes. The caller has checked
 * the message against the limits of record-format.ts and made room for {@link recordBytes}.
 */
export function encodeRecord(
  target: Buffer,
  at: number,
  source: RecordSource,
  queueOffset: number,
  physicalOffset: number,
  storeTimestampMs: number,
): number {
  const totalBytes = recordBytes(source)
  assert(at >= 0 && at + totalBytes <= target.length, 'no room for the record')
  const isVersion2 = needsVersion2(source.topicEnd - source.topicStart)

  writeInt32(target, at + RECORD_SIZE_AT, totalBytes)
  writeInt32(target, at + MAGIC_AT, isVersion2 ? RECORD_MAGIC_V2 : RECORD_MAGIC_V1)
  const bodyCrc = bodyCrcOf(source.body, source.bodyStart, source.bodyEnd)
  writeInt32(target, at + BODY_CRC_AT, bodyCrc)
  writeInt32(target, at + QUEUE_ID_AT, source.queueId)
  writeInt32(target, at + FLAG_AT, source.flag)
  writeInt64(target, at + QUEUE_OFFSET_AT, queueOffset)
  writeInt64(target, at + PHYSICAL_OFFSET_AT, physicalOffset)
  writeInt32(target, at + SYS_FLAG_AT, withHostBits(source))
  writeInt64(target, at + BORN_TIMESTAMP_AT, source.bornTimestampMs)

  let end = copyHost(source.bornHost, target, at + BORN_HOST_AT)
  writeInt64(target, end, storeTimestampMs)
  end = copyHost(source.storeHost, target, end + I64_BYTES)
  writeInt32(target, end + RECONSUME_TIMES_AFTER_STORE_HOST, source.reconsumeTimes)
  writeInt64(
    target,
    end + PREPARED_TRANSACTION_OFFSET_AFTER_STORE_HOST,
    source.preparedTransactionOffset,
  )
  end = encodeVariableParts(target, end, source, isVersion2)
  assert(end === at + totalBytes, 'the record does not have the size it was given')
  return totalBytes
}

/** Body, topic and properties, each behind its length; returns where the record ends. */
function encodeVariableParts(
  target: Buffer,
  storeHostEnd: number,
  source: RecordSource,
  isVersion2: boolean,
): number {
  const topicBytes = source.topicEnd - source.topicStart
  const propertiesBytes = source.propertiesEnd - source.propertiesStart
  assert(topicBytes <= TOPIC_MAX_BYTES_V2, 'topic too long for a record')
  assert(propertiesBytes <= PROPERTIES_MAX_BYTES, 'properties too long for a record')

  const bodyBytes = source.bodyEnd - source.bodyStart
  writeInt32(target, storeHostEnd + BODY_LENGTH_AFTER_STORE_HOST, bodyBytes)
  let end = storeHostEnd + BODY_AFTER_STORE_HOST
  end = copyBytes(source.body, source.bodyStart, source.bodyEnd, target, end)

  if (isVersion2) writeInt16(target, end, topicBytes)
  else target[end] = topicBytes
  end += topicLengthBytes(isVersion2)
  end = copyBytes(source.topic, source.topicStart, source.topicEnd, target, end)

  writeInt16(target, end, propertiesBytes)
  end += I16_BYTES
  return copyBytes(source.properties, source.propertiesStart, source.propertiesEnd, target, end)
}

/** Writes the blank that fills a segment from `target[at]` on; `blankBytes` is all that is left. */
export function encodeBlank(target: Buffer, at: number, blankBytes: number): void {
  assert(blankBytes >= BLANK_RECORD_BYTES, 'no room for a blank')
  assert(at >= 0 && at + BLANK_RECORD_BYTES <= target.length, 'no room for a blank')
  writeInt32(target, at, blankBytes)
  writeInt32(target, at + I32_BYTES, BLANK_MAGIC)
}

function withHostBits(source: RecordSource): number {
  let sysFlag = source.sysFlag & ~(BORN_HOST_V6_FLAG | STORE_HOST_V6_FLAG)
  if (source.bornHost.length === HOST_V6_BYTES) sysFlag |= BORN_HOST_V6_FLAG
  if (source.storeHost.length === HOST_V6_BYTES) sysFlag |= STORE_HOST_V6_FLAG
  return sysFlag
}

function copyHost(host: Buffer, target: Buffer, at: number): number {
  assert(host.length === HOST_V4_BYTES || host.length === HOST_V6_BYTES, 'a host has 8 or 20 bytes')
  return copyBytes(host, 0, host.length, target, at)
}
