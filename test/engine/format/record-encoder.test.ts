/** The encoder writes, byte for byte, the records of Apache RocketMQ's MessageExtEncoder. */

import { describe, expect, it } from 'vitest'
import { AssertionFailure } from '../../../engine/base/assert.ts'
import { createBatchMessageView, readBatchMessage } from '../../../engine/format/batch-format.ts'
import { parseHost } from '../../../engine/format/host.ts'
import {
  createRecordSource,
  encodeBlank,
  encodeRecord,
  recordBytes,
} from '../../../engine/format/record-encoder.ts'
import { bytesOf, type GoldenBatch, golden, sourceOf } from './golden.ts'

const FILL = 0xee

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
