/**
 * What a record has before its body. In linear memory it is made from the head of the record before
 * it, which differs in a few words as a rule (head-code.ts): 28 instead of 61 ns (Node 20).
 */
import { assert } from '../base/assert.ts'
import { HIGH_WORD, I32_BYTES, I64_BYTES } from '../base/units.ts'
import { readInt32 } from './big-endian.ts'
import { viewOf } from './crc.ts'
import { HEAD_BYTES } from './head-code.ts'
import type { LinearMemory } from './linear-memory.ts'
import type { RecordSource } from './record-encoder.ts'
import {
  BODY_LENGTH_AFTER_STORE_HOST,
  BORN_HOST_AT,
  BORN_TIMESTAMP_AT,
  FLAG_AT,
  HOST_V4_BYTES,
  HOST_V6_BYTES,
  MAGIC_AT,
  needsVersion2,
  PHYSICAL_OFFSET_AT,
  PREPARED_TRANSACTION_OFFSET_AFTER_STORE_HOST,
  QUEUE_ID_AT,
  QUEUE_OFFSET_AT,
  RECONSUME_TIMES_AFTER_STORE_HOST,
  RECORD_MAGIC_V1,
  RECORD_MAGIC_V2,
  RECORD_SIZE_AT,
  SYS_FLAG_AT,
} from './record-format.ts'
import { BORN_HOST_V6_FLAG, STORE_HOST_V6_FLAG } from './sys-flag.ts'

/** What the appender adds to a message. */
export interface RecordPlace {
  recordBytes: number
  queueOffset: number
  physicalOffset: number
  storeTimestampMs: number
}

/** Writes all of a head but the checksum. */
export function writeHead(
  view: DataView,
  at: number,
  source: RecordSource,
  place: RecordPlace,
): void {
  const { bornTimestampMs, preparedTransactionOffset } = source
  const { recordBytes, queueOffset, physicalOffset, storeTimestampMs } = place
  const isVersion2 = needsVersion2(source.topicEnd - source.topicStart)
  view.setInt32(at + RECORD_SIZE_AT, recordBytes)
  view.setInt32(at + MAGIC_AT, isVersion2 ? RECORD_MAGIC_V2 : RECORD_MAGIC_V1)
  view.setInt32(at + QUEUE_ID_AT, source.queueId)
  view.setInt32(at + FLAG_AT, source.flag)
  setInt64(view, at + QUEUE_OFFSET_AT, queueOffset)
  setInt64(view, at + PHYSICAL_OFFSET_AT, physicalOffset)
  view.setInt32(at + SYS_FLAG_AT, withHostBits(source))
  setInt64(view, at + BORN_TIMESTAMP_AT, bornTimestampMs)
  let end = copyHost(source.bornHost, view, at + BORN_HOST_AT)
  setInt64(view, end, storeTimestampMs)
  end = copyHost(source.storeHost, view, end + I64_BYTES)
  view.setInt32(end + RECONSUME_TIMES_AFTER_STORE_HOST, source.reconsumeTimes)
  setInt64(view, end + PREPARED_TRANSACTION_OFFSET_AFTER_STORE_HOST, preparedTransactionOffset)
  view.setInt32(end + BODY_LENGTH_AFTER_STORE_HOST, source.bodyEnd - source.bodyStart)
}

/** The head of a record with IPv4 hosts, from which the next ones are made. */
export class HeadTemplate {
  /** Room that it takes in a memory. */
  static readonly MEMORY_BYTES = HEAD_BYTES
  readonly #memory: LinearMemory
  readonly #view: DataView
  /** Where it begins in the memory. */
  readonly #position: number
  /** What of a head {@link LinearMemory.head} leaves as it is; of hosts both words. */
  #isVersion2 = false
  #flag = 0
  #sysFlag = 0
  #bornAddress = 0
  #bornPort = 0
  #storeTimestampMs = -1
  #storeAddress = 0
  #storePort = 0
  #reconsumeTimes = 0
  #preparedOffset = 0

  constructor(memory: LinearMemory) {
    const bytes = memory.allot(HeadTemplate.MEMORY_BYTES)
    this.#memory = memory
    this.#view = viewOf(bytes)
    this.#position = memory.positionOf(bytes)
  }

  /** As {@link writeHead}, at a position of the memory. */
  write(position: number, source: RecordSource, place: RecordPlace): void {
    if (!this.#fits(source, place)) this.#take(source, place)
    const { bornTimestampMs, bodyStart, bodyEnd, queueId } = source
    const { queueOffset, physicalOffset } = place
    this.#memory.head(
      position,
      this.#position,
      place.recordBytes,
      queueId,
      highWord(queueOffset),
      queueOffset | 0,
      highWord(physicalOffset),
      physicalOffset | 0,
      highWord(bornTimestampMs),
      bornTimestampMs | 0,
      bodyEnd - bodyStart,
    )
  }

  #fits(source: RecordSource, place: RecordPlace): boolean {
    const { bornHost, storeHost } = source
    return (
      place.storeTimestampMs === this.#storeTimestampMs &&
      source.flag === this.#flag &&
      source.sysFlag === this.#sysFlag &&
      source.reconsumeTimes === this.#reconsumeTimes &&
      source.preparedTransactionOffset === this.#preparedOffset &&
      needsVersion2(source.topicEnd - source.topicStart) === this.#isVersion2 &&
      readInt32(bornHost, 0) === this.#bornAddress &&
      readInt32(bornHost, I32_BYTES) === this.#bornPort &&
      readInt32(storeHost, 0) === this.#storeAddress &&
      readInt32(storeHost, I32_BYTES) === this.#storePort
    )
  }

  #take(source: RecordSource, place: RecordPlace): void {
    const { bornHost, storeHost } = source
    writeHead(this.#view, 0, source, place)
    this.#storeTimestampMs = place.storeTimestampMs
    this.#flag = source.flag
    this.#sysFlag = source.sysFlag
    this.#reconsumeTimes = source.reconsumeTimes
    this.#preparedOffset = source.preparedTransactionOffset
    this.#isVersion2 = needsVersion2(source.topicEnd - source.topicStart)
    this.#bornAddress = readInt32(bornHost, 0)
    this.#bornPort = readInt32(bornHost, I32_BYTES)
    this.#storeAddress = readInt32(storeHost, 0)
    this.#storePort = readInt32(storeHost, I32_BYTES)
  }
}

function setInt64(view: DataView, at: number, value: number): void {
  view.setInt32(at, highWord(value))
  view.setInt32(at + I32_BYTES, value)
}

/** The upper half of a safe integer in 64 bits of two's complement. */
function highWord(value: number): number {
  return Math.floor(value / HIGH_WORD)
}

function copyHost(host: Buffer, view: DataView, at: number): number {
  const bytes = host.length
  assert(bytes === HOST_V4_BYTES || bytes === HOST_V6_BYTES, 'a host has 8 or 20 bytes')
  for (let index = 0; index < bytes; index += I32_BYTES) {
    view.setInt32(at + index, readInt32(host, index))
  }
  return at + bytes
}

function withHostBits(source: RecordSource): number {
  let sysFlag = source.sysFlag & ~(BORN_HOST_V6_FLAG | STORE_HOST_V6_FLAG)
  if (source.bornHost.length === HOST_V6_BYTES) sysFlag |= BORN_HOST_V6_FLAG
  if (source.storeHost.length === HOST_V6_BYTES) sysFlag |= STORE_HOST_V6_FLAG
  return sysFlag
}
