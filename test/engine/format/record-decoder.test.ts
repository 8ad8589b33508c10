/**
 * The decoder reads every record that Apache RocketMQ wrote, and says of everything else why it is
 * not one: cut short at every length, changed in every byte, and random bytes.
 */

import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  createRecordView,
  RecordVerdict,
  readRecord,
} from '../../../engine/format/record-decoder.ts'
import { encodeBlank } from '../../../engine/format/record-encoder.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { bytesOf, golden } from './golden.ts'

const CHECKED = { checkCrc: true }
const UNCHECKED = { checkCrc: false }

/** Small enough to be tried byte by byte. */
const smallRecords = golden.records.filter((record) => record.bytes.length < 2000)

describe('readRecord', () => {
  it.each(golden.records)('finds the fields of a record of Java: $name', (record) => {
    const at = 7
    const buffer = Buffer.concat([Buffer.alloc(at, 0xee), bytesOf(record.bytes), Buffer.alloc(9)])
    const view = createRecordView()

    expect(readRecord(buffer, at, buffer.length, view, CHECKED)).toBe(RecordVerdict.WHOLE)

    expect(view).toMatchObject({
      start: at,
      totalBytes: record.bytes.length / 2,
      magic: record.topic.length > 127 ? -626_843_477 : -626_843_481,
      bodyCrc: record.bodyCrc,
      queueId: record.queueId,
      flag: record.flag,
      queueOffset: record.queueOffset,
      physicalOffset: record.physicalOffset,
      sysFlag: record.sysFlag,
      bornTimestampMs: record.bornTimestampMs,
      storeTimestampMs: record.storeTimestampMs,
      reconsumeTimes: record.reconsumeTimes,
      preparedTransactionOffset: record.preparedTransactionOffset,
    })
    expect(buffer.toString('hex', view.bodyStart, view.bodyEnd)).toBe(record.body)
    expect(buffer.toString('utf8', view.topicStart, view.topicEnd)).toBe(record.topic)
    expect(buffer.toString('utf8', view.propertiesStart, view.propertiesEnd)).toBe(
      record.propertyString,
    )
    expect(view.bornHostEnd - view.bornHostStart).toBe((record.sysFlag & 0x10) === 0 ? 8 : 20)
    expect(view.storeHostEnd - view.storeHostStart).toBe((record.sysFlag & 0x20) === 0 ? 8 : 20)
  })

  it.each(smallRecords)(
    'needs more for every truncation, and reads no byte past it: $name',
    (record) => {
      const whole = bytesOf(record.bytes)
      const view = createRecordView()
      for (let limit = 0; limit < whole.length; limit++) {
        // What lies beyond the limit is wrong on purpose: looking at it would change the verdict.
        const buffer = Buffer.alloc(whole.length, 0xff)
        whole.copy(buffer, 0, 0, limit)
        expect(readRecord(buffer, 0, limit, view, CHECKED)).toBe(RecordVerdict.NEED_MORE)
        expect(view.totalBytes).toBe(limit < 4 ? 0 : whole.length)
      }
    },
  )

  it('tells written space from space that never was', () => {
    expect(verdictOf('0000000000000000')).toBe(RecordVerdict.END)
    expect(verdictOf('0000000000000001')).toBe(RecordVerdict.TORN)
    expect(verdictOf('0000008c00000000')).toBe(RecordVerdict.TORN)
    expect(verdictOf('0000008cdaa320a6')).toBe(RecordVerdict.BAD_MAGIC)
  })

  it('leads to the end of a segment by its blank', () => {
    const buffer = Buffer.alloc(100, 0xee)
    const view = createRecordView()
    encodeBlank(buffer, 40, 60)
    expect(readRecord(buffer, 40, 100, view, CHECKED)).toBe(RecordVerdict.BLANK)
    expect(view).toMatchObject({ start: 40, totalBytes: 60 })
    expect(readRecord(buffer, 40, 99, view, CHECKED)).toBe(RecordVerdict.NEED_MORE)
    encodeBlank(buffer, 92, 8)
    expect(readRecord(buffer, 92, 100, view, CHECKED)).toBe(RecordVerdict.BLANK)
  })

  it('refuses a blank or a record that is smaller than the smallest', () => {
    expect(verdictOf('00000007cbd43194ff')).toBe(RecordVerdict.BAD_SIZE)
    expect(verdictOf('ffffffffcbd43194ff')).toBe(RecordVerdict.BAD_SIZE)
    expect(verdictOf(`0000005adaa320a7${'00'.repeat(100)}`)).toBe(RecordVerdict.BAD_SIZE)
    expect(verdictOf(`80000000daa320a7${'00'.repeat(100)}`)).toBe(RecordVerdict.BAD_SIZE)
  })

  it('refuses lengths that do not add up to the record, whichever of them is wrong', () => {
    const [record] = golden.records
    const lengthFields = [
      { name: 'body', at: 84, bytes: 4 },
      { name: 'topic', at: 92, bytes: 1 },
      { name: 'properties', at: 98, bytes: 2 },
    ]
    for (const { at, bytes } of lengthFields) {
      for (let value = 0; value < 0x100; value++) {
        const buffer = bytesOf(record!.bytes)
        const last = at + bytes - 1
        if (buffer[last] === value) continue
        buffer[last] = value
        expect(readRecord(buffer, 0, buffer.length, createRecordView(), UNCHECKED)).toBe(
          RecordVerdict.BAD_SIZE,
        )
      }
    }
  })

  it('refuses a negative body length from which a topic and properties lead to the end', () => {
    const buffer = Buffer.alloc(400)
    buffer.writeInt32BE(buffer.length, 0)
    buffer.writeInt32BE(-626_843_481, 4)
    // The body would end at 72, a topic of 15 bytes at 88, properties of 310 bytes at 400.
    buffer.writeInt32BE(-16, 84)
    buffer.writeInt8(15, 72)
    buffer.writeInt16BE(310, 88)
    expect(verdictOf(buffer.toString('hex'))).toBe(RecordVerdict.BAD_SIZE)
  })

  it('refuses a negative topic length from which properties lead to the end', () => {
    const buffer = Buffer.alloc(353)
    buffer.writeInt32BE(buffer.length, 0)
    buffer.writeInt32BE(-626_843_481, 4)
    // The body ends at 98, the topic would end at 97, properties of 0x00fe bytes at 353.
    buffer.writeInt32BE(10, 84)
    buffer.writeInt8(-2, 98)
    expect(verdictOf(buffer.toString('hex'))).toBe(RecordVerdict.BAD_SIZE)
  })

  it('refuses a negative length of the properties', () => {
    const buffer = bytesOf(golden.records[0]!.bytes)
    buffer.writeInt16BE(-1, 98)
    expect(verdictOf(buffer.toString('hex'))).toBe(RecordVerdict.BAD_SIZE)
  })

  it('finds every changed byte of a body by its CRC, and only when asked', () => {
    const record = golden.records.find(({ name }) => name === 'body of 257 bytes')
    const bodyAt = 88
    for (let at = bodyAt; at < bodyAt + 257; at++) {
      const buffer = bytesOf(record!.bytes)
      buffer[at]! ^= 0x10
      const view = createRecordView()
      expect(readRecord(buffer, 0, buffer.length, view, CHECKED)).toBe(RecordVerdict.BAD_CRC)
      expect(readRecord(buffer, 0, buffer.length, view, UNCHECKED)).toBe(RecordVerdict.WHOLE)
    }
  })

  it('does not ask for the CRC of an empty body, as Java does not', () => {
    const buffer = bytesOf(golden.records.find(({ name }) => name === 'no body')!.bytes)
    buffer.writeInt32BE(12345, 8)
    expect(readRecord(buffer, 0, buffer.length, createRecordView(), CHECKED)).toBe(
      RecordVerdict.WHOLE,
    )
  })
})

describe('readRecord, on corrupt bytes', () => {
  it.each([1, 20_231_114, 987_654_321])(
    'never throws and never accepts a wrong body (seed %i)',
    (seed) => {
      const random = new SeededRandom(seed)
      const seen = new Set<RecordVerdict>()
      for (let round = 0; round < 4000; round++) {
        const buffer = corrupted(random)
        const verdict = readRecord(buffer, 0, buffer.length, createRecordView(), CHECKED)
        if (verdict === RecordVerdict.WHOLE) expectSound(buffer, seed)
        seen.add(verdict)
      }
      const likely = Object.values(RecordVerdict).filter(
        (verdict) => verdict !== RecordVerdict.BLANK,
      )
      expect(seen).toEqual(new Set(likely))
    },
  )

  it('never throws on random bytes', () => {
    const random = new SeededRandom(42)
    for (let round = 0; round < 20_000; round++) {
      const buffer = random.bytes(random.below(200))
      const verdict = readRecord(buffer, 0, buffer.length, createRecordView(), CHECKED)
      expect(verdict).not.toBe(RecordVerdict.WHOLE)
    }
  })
})

/** A record of Java with a few bytes changed, a run of zeros, or a piece missing. */
function corrupted(random: SeededRandom): Buffer {
  const buffer = bytesOf(random.pick(smallRecords).bytes)
  const at = random.below(buffer.length)
  switch (random.below(4)) {
    case 0:
      for (let count = random.below(4); count >= 0; count--) {
        buffer[random.below(random.pick([12, buffer.length]))] = random.below(0x100)
      }
      return buffer
    case 1:
      return buffer.fill(0, at, Math.min(buffer.length, at + random.below(600)))
    case 2:
      return Buffer.concat([buffer.subarray(0, at), buffer.subarray(at + 1 + random.below(8))])
    default:
      return buffer.fill(0, random.below(8), 8)
  }
}

/** Checks a WHOLE by other means: zlib's CRC over the body that the record itself describes. */
function expectSound(buffer: Buffer, seed: number): void {
  const sysFlag = buffer.readInt32BE(36)
  const bodyLengthAt = 68 + ((sysFlag & 0x10) === 0 ? 8 : 20) + ((sysFlag & 0x20) === 0 ? 8 : 20)
  const bodyBytes = buffer.readInt32BE(bodyLengthAt)
  const body = buffer.subarray(bodyLengthAt + 4, bodyLengthAt + 4 + bodyBytes)
  expect({ seed, bodyBytes: body.length }).toEqual({ seed, bodyBytes })
  if (bodyBytes === 0) return
  const crc = crc32(body) & 0x7fff_ffff
  expect({ seed, crc }).toEqual({ seed, crc: buffer.readInt32BE(8) })
}

function verdictOf(hex: string): RecordVerdict {
  const buffer = bytesOf(hex)
  return readRecord(buffer, 0, buffer.length, createRecordView(), UNCHECKED)
}
