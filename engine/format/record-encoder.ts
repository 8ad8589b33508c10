/**
 * A message's fields → the bytes of record-format.ts, in a caller's buffer. One copy of the body,
 * one checksum, nothing allocated.
 */

import { assert } from '../base/assert.ts'
import { HIGH_WORD, I16_BYTES, I32_BYTES, I64_BYTES } from '../base/units.ts'
import { readInt32, writeInt32 } from './big-endian.ts'
import { ChecksumBuffer } from './checksum-buffer.ts'
import { copyBytes } from './copy-bytes.ts'
import { viewOf } from './crc.ts'
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

/** A source without content; fill it before every {@link RecordEncoder.encode}. */
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

/** Size in bytes of the record that {@link RecordEncoder.encode} makes of `source`. */
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

/** Writes records into one buffer, through a view of it that is made once. */
export class RecordEncoder {
  readonly #checksums: ChecksumBuffer
  readonly #target: Buffer
  readonly #view: DataView

  constructor(target: ChecksumBuffer) {
    this.#checksums = target
    this.#target = target.bytes
    this.#view = viewOf(target.bytes)
  }

  /**
   * Writes `source` as a record at `at` and returns its size in bytes. The caller has checked the
   * message against the limits of record-format.ts and made room for {@link recordBytes}.
   */
  encode(
    at: number,
    source: RecordSource,
    queueOffset: number,
    physicalOffset: number,
    storeTimestampMs: number,
  ): number {
    const view = this.#view
    const totalBytes = recordBytes(source)
    assert(at >= 0 && at + totalBytes <= this.#target.length, 'no room for the record')
    const isVersion2 = needsVersion2(source.topicEnd - source.topicStart)
    const { bornTimestampMs, preparedTransactionOffset: preparedOffset } = source

    view.setInt32(at + RECORD_SIZE_AT, totalBytes)
    view.setInt32(at + MAGIC_AT, isVersion2 ? RECORD_MAGIC_V2 : RECORD_MAGIC_V1)
    view.setInt32(at + QUEUE_ID_AT, source.queueId)
    view.setInt32(at + FLAG_AT, source.flag)
    view.setInt32(at + QUEUE_OFFSET_AT, highWord(queueOffset))
    view.setInt32(at + QUEUE_OFFSET_AT + I32_BYTES, queueOffset)
    view.setInt32(at + PHYSICAL_OFFSET_AT, highWord(physicalOffset))
    view.setInt32(at + PHYSICAL_OFFSET_AT + I32_BYTES, physicalOffset)
    view.setInt32(at + SYS_FLAG_AT, withHostBits(source))
    view.setInt32(at + BORN_TIMESTAMP_AT, highWord(bornTimestampMs))
    view.setInt32(at + BORN_TIMESTAMP_AT + I32_BYTES, bornTimestampMs)

    let end = this.#copyHost(source.bornHost, at + BORN_HOST_AT)
    view.setInt32(end, highWord(storeTimestampMs))
    view.setInt32(end + I32_BYTES, storeTimestampMs)
    end = this.#copyHost(source.storeHost, end + I64_BYTES)
    view.setInt32(end + RECONSUME_TIMES_AFTER_STORE_HOST, source.reconsumeTimes)
    const preparedAt = end + PREPARED_TRANSACTION_OFFSET_AFTER_STORE_HOST
    view.setInt32(preparedAt, highWord(preparedOffset))
    view.setInt32(preparedAt + I32_BYTES, preparedOffset)
    const bodyStart = end + BODY_AFTER_STORE_HOST
    const bodyEnd = bodyStart + source.bodyEnd - source.bodyStart
    end = this.#encodeVariableParts(source, end, isVersion2)
    assert(end === at + totalBytes, 'the record does not have the size it was given')
    // Of the copy, which is in the processor's cache.
    view.setInt32(at + BODY_CRC_AT, this.#checksums.bodyCrc(bodyStart, bodyEnd))
    return totalBytes
  }

  /** Body, topic and properties, each behind its length; returns where the record ends. */
  #encodeVariableParts(source: RecordSource, storeHostEnd: number, isVersion2: boolean): number {
    const target = this.#target
    const view = this.#view
    const topicBytes = source.topicEnd - source.topicStart
    const propertiesBytes = source.propertiesEnd - source.propertiesStart
    assert(topicBytes <= TOPIC_MAX_BYTES_V2, 'topic too long for a record')
    assert(propertiesBytes <= PROPERTIES_MAX_BYTES, 'properties too long for a record')

    const bodyBytes = source.bodyEnd - source.bodyStart
    view.setInt32(storeHostEnd + BODY_LENGTH_AFTER_STORE_HOST, bodyBytes)
    let end = storeHostEnd + BODY_AFTER_STORE_HOST
    end = this.#checksums.copyFrom(source.body, source.bodyStart, source.bodyEnd, end)

    if (isVersion2) view.setInt16(end, topicBytes)
    else view.setInt8(end, topicBytes)
    end += topicLengthBytes(isVersion2)
    end = copyBytes(source.topic, source.topicStart, source.topicEnd, target, end)

    view.setInt16(end, propertiesBytes)
    end += I16_BYTES
    return copyBytes(source.properties, source.propertiesStart, source.propertiesEnd, target, end)
  }

  #copyHost(host: Buffer, at: number): number {
    const bytes = host.length
    assert(bytes === HOST_V4_BYTES || bytes === HOST_V6_BYTES, 'a host has 8 or 20 bytes')
    this.#view.setInt32(at, readInt32(host, 0))
    this.#view.setInt32(at + I32_BYTES, readInt32(host, I32_BYTES))
    for (let index = HOST_V4_BYTES; index < bytes; index += I32_BYTES) {
      this.#view.setInt32(at + index, readInt32(host, index))
    }
    return at + bytes
  }
}

let scratch: { buffer: ChecksumBuffer; encoder: RecordEncoder } | undefined

/** Writes one record into any buffer, see {@link RecordEncoder.encode}, by way of another one. */
export function encodeRecord(
  target: Buffer,
  at: number,
  source: RecordSource,
  queueOffset: number,
  physicalOffset: number,
  storeTimestampMs: number,
): number {
  const bytes = recordBytes(source)
  assert(at >= 0 && at + bytes <= target.length, 'no room for the record')
  if (scratch === undefined || scratch.buffer.bytes.length < bytes) {
    const buffer = new ChecksumBuffer(bytes)
    scratch = { buffer, encoder: new RecordEncoder(buffer) }
  }
  scratch.encoder.encode(0, source, queueOffset, physicalOffset, storeTimestampMs)
  return scratch.buffer.bytes.copy(target, at, 0, bytes)
}

/** Writes the blank that fills a segment from `target[at]` on; `blankBytes` is all that is left. */
export function encodeBlank(target: Buffer, at: number, blankBytes: number): void {
  assert(blankBytes >= BLANK_RECORD_BYTES, 'no room for a blank')
  assert(at >= 0 && at + BLANK_RECORD_BYTES <= target.length, 'no room for a blank')
  writeInt32(target, at, blankBytes)
  writeInt32(target, at + I32_BYTES, BLANK_MAGIC)
}

/**
 * The upper half of a safe integer in 64 bits of two's complement; `setInt32` takes the lower half
 * of the number itself. Smaller than a function that stores both: V8 puts it in its callers' place.
 */
function highWord(value: number): number {
  return Math.floor(value / HIGH_WORD)
}

function withHostBits(source: RecordSource): number {
  let sysFlag = source.sysFlag & ~(BORN_HOST_V6_FLAG | STORE_HOST_V6_FLAG)
  if (source.bornHost.length === HOST_V6_BYTES) sysFlag |= BORN_HOST_V6_FLAG
  if (source.storeHost.length === HOST_V6_BYTES) sysFlag |= STORE_HOST_V6_FLAG
  return sysFlag
}
