/** A record as users see it, compared with what Apache RocketMQ's MessageDecoder says of it. */

import { describe, expect, it } from 'vitest'
import { decodeMessage, messagesIn } from '../../../engine/format/stored-message.ts'
import { bytesOf, golden, readableHost } from './golden.ts'

const CHECKED = { checkCrc: true }

describe('decodeMessage', () => {
  it.each(golden.records)('says what Java says: $name', (record) => {
    const message = decodeMessage(bytesOf(record.bytes), 0, CHECKED)
    expect({
      ...message,
      body: message.body.toString('hex'),
      properties: Object.fromEntries(message.properties),
    }).toEqual({
      topic: record.topic,
      queueId: record.queueId,
      queueOffset: record.queueOffset,
      physicalOffset: record.physicalOffset,
      storeTimestampMs: record.storeTimestampMs,
      bornTimestampMs: record.bornTimestampMs,
      bornHost: readableHost(record.bornHost),
      storeHost: readableHost(record.storeHost),
      sysFlag: record.sysFlag,
      flag: record.flag,
      reconsumeTimes: record.reconsumeTimes,
      preparedTransactionOffset: record.preparedTransactionOffset,
      bodyCrc: record.bodyCrc,
      body: record.body,
      properties: record.properties,
      messageId: record.messageId,
      totalBytes: record.bytes.length / 2,
    })
  })

  it('throws a coded error that names the place and the reason', () => {
    const buffer = Buffer.concat([Buffer.alloc(3), bytesOf(golden.records[0]!.bytes)])
    expect(decodeMessage(buffer, 3).topic).toBe('Order')
    expect(() => decodeMessage(buffer.subarray(0, -1), 3)).toThrow(
      expect.objectContaining({
        code: 'STORE_RECORD_CORRUPT',
        message: 'no whole record at byte 3: NEED_MORE',
      }),
    )
  })

  it('checks the body only when asked', () => {
    const buffer = bytesOf(golden.records[0]!.bytes)
    buffer[88]! ^= 1
    expect(decodeMessage(buffer).topic).toBe('Order')
    expect(() => decodeMessage(buffer, 0, CHECKED)).toThrow('BAD_CRC')
  })
})

describe('messagesIn', () => {
  it('walks all records of a pull response', () => {
    const body = Buffer.concat(golden.records.map((record) => bytesOf(record.bytes)))
    const ids = [...messagesIn(body, CHECKED)].map((message) => message.messageId)
    expect(ids).toEqual(golden.records.map((record) => record.messageId))
  })

  it('gives the whole records before it reports one that is cut', () => {
    const [first, second] = golden.records.map((record) => bytesOf(record.bytes))
    const messages = messagesIn(Buffer.concat([first!, second!.subarray(0, -1)]))
    expect(messages.next().value).toMatchObject({ messageId: golden.records[0]!.messageId })
    expect(() => messages.next()).toThrow(expect.objectContaining({ code: 'STORE_RECORD_CORRUPT' }))
  })

  it('gives nothing for an empty body', () => {
    expect([...messagesIn(Buffer.alloc(0))]).toEqual([])
  })
})
