/**
 * A message's fields → the bytes of record-format.ts, in a caller's buffer. One copy of the body,
 * one checksum, nothing allocated.
 */

import { assert } from '../base/assert.ts'
import { I16_BYTES, I32_BYTES } from '../base/units.ts'
import { writeInt32 } from './big-endian.ts'
import { ChecksumBuffer } from './checksum-buffer.ts'
import { copyBytes } from './copy-bytes.ts'
import { viewOf } from './crc.ts'
import { LinearMemory } from './linear-memory.ts'
import {
  BLANK_MAGIC,
  BLANK_RECORD_BYTES,
  BODY_CRC_AT,
  bodyAt,
  HOST_V4_BYTES,
  needsVersion2,
  PROPERTIES_MAX_BYTES,
  TOPIC_MAX_BYTES_V2,
  topicLengthBytes,
} from './record-format.ts'
import { HeadTemplate, type RecordPlace, writeHead } from './record-head.ts'

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

/** Writes records into one buffer. */
export class RecordEncoder {
  /** Room beside the buffer that it takes in a memory. */
  static readonly MEMORY_BYTES = HeadTemplate.MEMORY_BYTES
  readonly #checksums: ChecksumBuffer
  readonly #target: Buffer
  readonly #view: DataView
  /** For records with IPv4 hosts, where there is a memory. */
  readonly #heads: HeadTemplate | undefined
  /** Where the target begins in the memory. */
  readonly #position: number
  readonly #place: RecordPlace = {
    recordBytes: 0,
    queueOffset: 0,
    physicalOffset: 0,
    storeTimestampMs: 0,
  }

  /** @param memory where the target lies, with {@link MEMORY_BYTES} of room */
  constructor(target: ChecksumBuffer, memory?: LinearMemory) {
    this.#checksums = target
    this.#target = target.bytes
    this.#view = viewOf(target.bytes)
    this.#position = memory?.positionOf(target.bytes) ?? -1
    this.#heads = memory === undefined ? undefined : new HeadTemplate(memory)
    assert(memory === undefined || this.#position >= 0, 'the target lies in the memory')
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
    const totalBytes = recordBytes(source)
    assert(at >= 0 && at + totalBytes <= this.#target.length, 'no room for the record')
    const place = this.#place
    place.recordBytes = totalBytes
    place.queueOffset = queueOffset
    place.physicalOffset = physicalOffset
    place.storeTimestampMs = storeTimestampMs
    const { bornHost, storeHost } = source
    const isV4 = bornHost.length === HOST_V4_BYTES && storeHost.length === HOST_V4_BYTES
    if (isV4 && this.#heads !== undefined) this.#heads.write(this.#position + at, source, place)
    else writeHead(this.#view, at, source, place)
    const bodyStart = at + bodyAt(bornHost.length, storeHost.length)
    const end = this.#encodeVariableParts(source, bodyStart)
    assert(end === at + totalBytes, 'the record does not have the size it was given')
    // Of the copy, which is in the processor's cache.
    const crc = this.#checksums.bodyCrc(bodyStart, bodyStart + source.bodyEnd - source.bodyStart)
    this.#view.setInt32(at + BODY_CRC_AT, crc)
    return totalBytes
  }

  /** Body, topic and properties, these two behind their lengths; returns where the record ends. */
  #encodeVariableParts(source: RecordSource, bodyStart: number): number {
    const target = this.#target
    const view = this.#view
    const topicBytes = source.topicEnd - source.topicStart
    const propertiesBytes = source.propertiesEnd - source.propertiesStart
    assert(topicBytes <= TOPIC_MAX_BYTES_V2, 'topic too long for a record')
    assert(propertiesBytes <= PROPERTIES_MAX_BYTES, 'properties too long for a record')

    let end = this.#checksums.copyFrom(source.body, source.bodyStart, source.bodyEnd, bodyStart)
    const isVersion2 = needsVersion2(topicBytes)
    if (isVersion2) view.setInt16(end, topicBytes)
    else view.setInt8(end, topicBytes)
    end += topicLengthBytes(isVersion2)
    end = copyBytes(source.topic, source.topicStart, source.topicEnd, target, end)

    view.setInt16(end, propertiesBytes)
    end += I16_BYTES
    return copyBytes(source.properties, source.propertiesStart, source.propertiesEnd, target, end)
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
    const memory = LinearMemory.reserve(bytes + RecordEncoder.MEMORY_BYTES)
    const buffer = new ChecksumBuffer(bytes, memory)
    scratch = { buffer, encoder: new RecordEncoder(buffer, memory) }
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
