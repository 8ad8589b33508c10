/** Batches as Apache RocketMQ's MessageDecoder.encodeMessages writes them, and malformed ones. */

import { describe, expect, it } from 'vitest'
import {
  BATCH_MESSAGE_MIN_BYTES,
  countBatchMessages,
  createBatchMessageView,
  encodeBatch,
  readBatchMessage,
} from '../../../engine/format/batch-format.ts'
import { decodeProperties } from '../../../engine/format/properties-codec.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { bytesOf, golden } from './golden.ts'

describe('batch', () => {
  it.each(golden.batches)('is written as Java writes it: $name', (batch) => {
    const messages = batch.messages.map((message) => ({
      flag: message.flag,
      body: bytesOf(message.body),
      properties: new Map(Object.entries(message.properties)),
    }))
    expect(encodeBatch(messages).toString('hex')).toBe(batch.bytes)
  })

  it.each(golden.batches)('of Java is taken apart: $name', (batch) => {
    const start = 3
    const buffer = Buffer.concat([Buffer.alloc(start, 0xee), bytesOf(batch.bytes)])
    const view = createBatchMessageView()
    expect(countBatchMessages(buffer, start, buffer.length, view)).toBe(batch.messages.length)
    let at = start
    for (const message of batch.messages) {
      expect(readBatchMessage(buffer, at, buffer.length, view)).toBe(true)
      expect(view.start).toBe(at)
      expect(view.flag).toBe(message.flag)
      expect(buffer.toString('hex', view.bodyStart, view.bodyEnd)).toBe(message.body)
      const properties = decodeProperties(buffer, view.propertiesStart, view.propertiesEnd)
      expect(Object.fromEntries(properties)).toEqual(message.properties)
      at += view.totalBytes
    }
    expect(at).toBe(buffer.length)
  })

  it('is malformed at every length but its own', () => {
    const whole = bytesOf(golden.batches[0]!.bytes)
    const view = createBatchMessageView()
    for (let limit = 1; limit < whole.length; limit++) {
      const buffer = Buffer.alloc(whole.length, 0xff)
      whole.copy(buffer, 0, 0, limit)
      expect(countBatchMessages(buffer, 0, limit, view)).toBe(-1)
    }
    const longer = Buffer.concat([whole, Buffer.alloc(1)])
    expect(countBatchMessages(longer, 0, longer.length, view)).toBe(-1)
    expect(countBatchMessages(whole, 0, 0, view)).toBe(0)
  })

  it('is malformed when a size is not the sum of its parts', () => {
    const whole = bytesOf(golden.batches[1]!.bytes)
    const view = createBatchMessageView()
    for (const at of [0, 3, 16, 19, 25, 26]) {
      for (const value of [0x00, 0x7f, 0x80, 0xff]) {
        const buffer = Buffer.from(whole)
        if (buffer[at] === value) continue
        buffer[at] = value
        const count = countBatchMessages(buffer, 0, buffer.length, view)
        expect({ at, value, count }).toEqual({ at, value, count: -1 })
      }
    }
  })

  it('never throws on random bytes, and goes forward in what it accepts', () => {
    const random = new SeededRandom(320)
    const view = createBatchMessageView()
    for (let round = 0; round < 20_000; round++) {
      const buffer = bytesOf(golden.batches[round % 2]!.bytes)
      for (let count = random.below(4); count >= 0; count--) {
        buffer[random.below(buffer.length)] = random.below(0x100)
      }
      if (!readBatchMessage(buffer, 0, buffer.length, view)) continue
      expect(view.totalBytes).toBeGreaterThanOrEqual(BATCH_MESSAGE_MIN_BYTES)
      expect(view.propertiesEnd).toBe(view.totalBytes)
    }
  })

  it('refuses properties that the length cannot hold', () => {
    const properties = new Map([['a', 'v'.repeat(0x8000)]])
    expect(() => encodeBatch([{ body: Buffer.alloc(0), properties }])).toThrow(TypeError)
  })
})
