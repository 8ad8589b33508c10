/** The encoder writes, byte for byte, the records of Apache RocketMQ's MessageExtEncoder. */

import { describe, expect, it } from 'vitest'
import { AssertionFailure } from '../../../engine/base/assert.ts'
import { KIB } from '../../../engine/base/units.ts'
import { createBatchMessageView, readBatchMessage } from '../../../engine/format/batch-format.ts'
import { ChecksumBuffer } from '../../../engine/format/checksum-buffer.ts'
import { parseHost } from '../../../engine/format/host.ts'
import {
  createRecordSource,
  encodeBlank,
  encodeRecord,
  RecordEncoder,
  type RecordSource,
  recordBytes,
} from '../../../engine/format/record-encoder.ts'
import { reservedMemory } from '../../helpers/reserved-memory.ts'
import { bytesOf, type GoldenBatch, golden, sourceOf } from './golden.ts'

const FILL = 0xee
const ROOM_BYTES = 256 * KIB
const plainTarget = new ChecksumBuffer(ROOM_BYTES)

interface Place {
  readonly queueOffset: number
  readonly physicalOffset: number
  readonly storeTimestampMs: number
}

describe('encodeRecord', () => {
  it.each(golden.records)('writes what Java writes: $name', (record) => {
    const source = sourceOf(record)
    const expected = bytesOf(record.bytes)
    const at = 5
    const target = Buffer.alloc(at + expected.length + 3, FILL)

    expect(recordBytes(source)).toBe(expected.length)
    const written = encodeRecord(
      target,
      at,
      source,
      record.queueOffset,
      record.physicalOffset,
      record.storeTimestampMs,
    )

    expect(written).toBe(expected.length)
    expect(target.subarray(at, at + written).toString('hex')).toBe(record.bytes)
    expect([...target.subarray(0, at)]).toEqual(Array(at).fill(FILL))
    expect([...target.subarray(at + written)]).toEqual(Array(3).fill(FILL))
  })

  it.each(golden.batches)('writes what Java makes of a batch: $name', (batch) => {
    expect(recordsOfBatch(batch).toString('hex')).toBe(batch.records)
  })

  it('takes the host bits from the hosts, not from the given sysFlag', () => {
    const [record] = golden.records
    const source = sourceOf(record!)
    source.sysFlag = 0x30
    const target = Buffer.alloc(recordBytes(source))
    encodeRecord(target, 0, source, record!.queueOffset, record!.physicalOffset, 1_700_000_000_456)
    expect(target.toString('hex')).toBe(record!.bytes)
  })

  it('refuses a target without room instead of losing bytes', () => {
    const source = sourceOf(golden.records[0]!)
    const target = Buffer.alloc(recordBytes(source) - 1)
    expect(() => encodeRecord(target, 0, source, 0, 0, 0)).toThrow(AssertionFailure)
    expect(() => encodeRecord(target, -1, source, 0, 0, 0)).toThrow(AssertionFailure)
  })

  it('refuses properties and topics that no length field can hold', () => {
    const source = sourceOf(golden.records[0]!)
    source.properties = Buffer.alloc(0x8000)
    source.propertiesStart = 0
    source.propertiesEnd = source.properties.length
    const target = Buffer.alloc(0x1_0000)
    expect(() => encodeRecord(target, 0, source, 0, 0, 0)).toThrow(AssertionFailure)

    source.propertiesEnd = 0
    source.topic = Buffer.alloc(0x8000)
    source.topicStart = 0
    source.topicEnd = source.topic.length
    expect(() => encodeRecord(target, 0, source, 0, 0, 0)).toThrow(AssertionFailure)
  })

  it('refuses a host of another length than 8 or 20 bytes', () => {
    const source = sourceOf(golden.records[0]!)
    source.bornHost = Buffer.alloc(12)
    expect(() => encodeRecord(Buffer.alloc(500), 0, source, 0, 0, 0)).toThrow(AssertionFailure)
  })
})

describe('RecordEncoder in linear memory', () => {
  const memory = reservedMemory(ROOM_BYTES + RecordEncoder.MEMORY_BYTES)
  const target = new ChecksumBuffer(ROOM_BYTES, memory)
  const encoder = new RecordEncoder(target, memory)

  function encoded(source: RecordSource, place: Place, at: number): string {
    const { queueOffset, physicalOffset, storeTimestampMs } = place
    const bytes = encoder.encode(at, source, queueOffset, physicalOffset, storeTimestampMs)
    return target.bytes.toString('hex', at, at + bytes)
  }

  it.each(golden.records)('writes what Java writes, whatever came before: $name', (record) => {
    for (const before of golden.records) {
      encoded(sourceOf(before), before, 7)
      expect(encoded(sourceOf(record), record, 3), before.name).toBe(record.bytes)
    }
  })

  it.each(golden.records)('and elsewhere: $name', (record) => {
    const { queueOffset, physicalOffset, storeTimestampMs } = record
    const elsewhere = new RecordEncoder(plainTarget)
    const source = sourceOf(record)
    const bytes = elsewhere.encode(1, source, queueOffset, physicalOffset, storeTimestampMs)
    expect(plainTarget.bytes.toString('hex', 1, 1 + bytes)).toBe(record.bytes)
  })

  const [first] = golden.records
  const place: Place = { queueOffset: 1, physicalOffset: 2, storeTimestampMs: 3 }
  it.each<[string, Partial<RecordSource>, Partial<Place>]>([
    ['nothing', {}, {}],
    ['queue id', { queueId: 0x1234_5678 }, {}],
    ['flag', { flag: -2 }, {}],
    ['sysFlag', { sysFlag: 0x101 }, {}],
    ['born timestamp', { bornTimestampMs: 1_800_000_000_123 }, {}],
    ['born host', { bornHost: parseHost('10.1.2.3:65535') }, {}],
    ['born port', { bornHost: parseHost('127.0.0.1:2') }, {}],
    ['IPv6 born host', { bornHost: parseHost('[::1]:9') }, {}],
    ['store host', { storeHost: parseHost('10.1.2.4:65534') }, {}],
    ['IPv6 store host', { storeHost: parseHost('[::2]:9') }, {}],
    ['reconsume times', { reconsumeTimes: 16 }, {}],
    ['prepared transaction offset', { preparedTransactionOffset: 2 ** 40 + 5 }, {}],
    ['body', { body: Buffer.from('other'), bodyStart: 1, bodyEnd: 4 }, {}],
    ['topic', { topic: Buffer.alloc(200, 't'), topicStart: 0, topicEnd: 200 }, {}],
    ['queue offset', {}, { queueOffset: 2 ** 33 + 7 }],
    ['physical offset', {}, { physicalOffset: 2 ** 52 - 1 }],
    ['store timestamp', {}, { storeTimestampMs: 1_900_000_000_999 }],
  ])('writes as elsewhere what differs from the record before it in %s', (_, source, at) => {
    const same = { ...sourceOf(first!), bornHost: parseHost('127.0.0.1:1') }
    const other = { ...same, ...source }
    const otherPlace = { ...place, ...at }
    encoded(same, place, 0)
    const found = encoded(other, otherPlace, 1000)
    const plain = Buffer.alloc(recordBytes(other))
    const { queueOffset, physicalOffset, storeTimestampMs } = otherPlace
    const elsewhere = new RecordEncoder(plainTarget)
    elsewhere.encode(0, other, queueOffset, physicalOffset, storeTimestampMs)
    plainTarget.bytes.copy(plain)
    expect(found).toBe(plain.toString('hex'))
    expect(encoded(same, place, 2000)).toBe(encoded(same, place, 0))
  })
})

describe('encodeBlank', () => {
  it('writes the size of the rest and the blank magic, nothing more', () => {
    const target = Buffer.alloc(12, FILL)
    encodeBlank(target, 2, 0x0102_0304)
    expect(target.toString('hex')).toBe('eeee01020304cbd43194eeee')
  })

  it('refuses less room than a blank needs', () => {
    expect(() => encodeBlank(Buffer.alloc(8), 0, 7)).toThrow(AssertionFailure)
    expect(() => encodeBlank(Buffer.alloc(8), 1, 8)).toThrow(AssertionFailure)
  })
})

/** Takes a batch apart and stores its messages, as a broker does. */
function recordsOfBatch(batch: GoldenBatch): Buffer {
  const body = bytesOf(batch.bytes)
  const source = createRecordSource()
  source.topic = Buffer.from(batch.topic)
  source.topicEnd = source.topic.length
  source.queueId = batch.queueId
  source.bornTimestampMs = batch.bornTimestampMs
  source.bornHost = parseHost(batch.bornHost)
  source.storeHost = parseHost(batch.storeHost)
  source.body = body
  source.properties = body

  const target = Buffer.alloc(64 * 1024)
  const view = createBatchMessageView()
  let end = 0
  let queueOffset = batch.firstQueueOffset
  for (let at = 0; at < body.length; at += view.totalBytes) {
    expect(readBatchMessage(body, at, body.length, view)).toBe(true)
    source.flag = view.flag
    source.bodyStart = view.bodyStart
    source.bodyEnd = view.bodyEnd
    source.propertiesStart = view.propertiesStart
    source.propertiesEnd = view.propertiesEnd
    const physicalOffset = batch.firstPhysicalOffset + end
    end += encodeRecord(target, end, source, queueOffset, physicalOffset, batch.storeTimestampMs)
    queueOffset++
  }
  return target.subarray(0, end)
}
