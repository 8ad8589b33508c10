/**
 * The messages of one batch send (request code 320), one after the other in the request's body:
 *
 *     ┌──────────────────────────────────────────────────────────────────────┐ 0
 *     │ size, this field included                  bytes              int32  │
 *     │ magic, always 0                                               int32  │
 *     │ body CRC, always 0                                            int32  │
 *     │ flag, free for the application                                int32  │
 *     │ body length                                bytes              int32  │
 *     │ body                                                                 │
 *     │ properties length                          bytes              int16  │
 *     │ properties, see properties-codec.ts                                  │
 *     └──────────────────────────────────────────────────────────────────────┘ size
 *
 * Big-endian, not aligned. RocketMQ: `MessageDecoder.encodeMessages` writes it,
 * `MessageExtEncoder.encode` of a `MessageExtBatch` turns it into records.
 */

import { assert } from '../base/assert.ts'
import { I16_BYTES, I32_BYTES } from '../base/units.ts'
import { readInt16, readInt32, writeInt16, writeInt32 } from './big-endian.ts'
import { encodeProperties } from './properties-codec.ts'
import { PROPERTIES_MAX_BYTES } from './record-format.ts'

const SIZE_AT = 0
const MAGIC_AT = SIZE_AT + I32_BYTES
const BODY_CRC_AT = MAGIC_AT + I32_BYTES
const FLAG_AT = BODY_CRC_AT + I32_BYTES
const BODY_LENGTH_AT = FLAG_AT + I32_BYTES
const BODY_AT = BODY_LENGTH_AT + I32_BYTES
/** Size in bytes of a message in a batch that has neither body nor properties. */
export const BATCH_MESSAGE_MIN_BYTES = BODY_AT + I16_BYTES

/** Where a message of a batch lies, by positions in its buffer. Mutable: reuse one for all. */
export interface BatchMessageView {
  start: number
  totalBytes: number
  flag: number
  bodyStart: number
  bodyEnd: number
  propertiesStart: number
  propertiesEnd: number
}

export function createBatchMessageView(): BatchMessageView {
  return {
    start: 0,
    totalBytes: 0,
    flag: 0,
    bodyStart: 0,
    bodyEnd: 0,
    propertiesStart: 0,
    propertiesEnd: 0,
  }
}

/**
 * Reads the message at `buffer[at]`; the next one lies `totalBytes` further. False when the bytes
 * up to `limit` are not a whole message. Never throws, whatever the bytes.
 */
export function readBatchMessage(
  buffer: Buffer,
  at: number,
  limit: number,
  view: BatchMessageView,
): boolean {
  assert(at >= 0 && limit <= buffer.length, 'the range to read lies outside the buffer')
  if (limit - at < BATCH_MESSAGE_MIN_BYTES) return false
  const bodyBytes = readInt32(buffer, at + BODY_LENGTH_AT)
  if (bodyBytes < 0 || bodyBytes > limit - at - BATCH_MESSAGE_MIN_BYTES) return false
  view.start = at
  view.totalBytes = readInt32(buffer, at + SIZE_AT)
  view.flag = readInt32(buffer, at + FLAG_AT)
  view.bodyStart = at + BODY_AT
  view.bodyEnd = view.bodyStart + bodyBytes
  const propertiesBytes = readInt16(buffer, view.bodyEnd)
  view.propertiesStart = view.bodyEnd + I16_BYTES
  view.propertiesEnd = view.propertiesStart + propertiesBytes
  if (propertiesBytes < 0 || view.propertiesEnd > limit) return false
  return view.totalBytes === view.propertiesEnd - at
}

/** How many messages lie in `buffer[start, end)`, or -1 when they do not fill it exactly. */
export function countBatchMessages(
  buffer: Buffer,
  start: number,
  end: number,
  view: BatchMessageView,
): number {
  let count = 0
  for (let at = start; at < end; at += view.totalBytes) {
    if (!readBatchMessage(buffer, at, end, view)) return -1
    count++
  }
  return count
}

/** A message to be sent in a batch. */
export interface BatchMessage {
  readonly flag?: number
  readonly body: Uint8Array
  readonly properties: ReadonlyMap<string, string>
}

/**
 * The body of a batch send request.
 * @throws {TypeError} when the properties of a message hold reserved characters or are too long.
 */
export function encodeBatch(messages: readonly BatchMessage[]): Buffer {
  return Buffer.concat(messages.map(encodeBatchMessage))
}

/** One message of a batch. @throws {TypeError} as {@link encodeBatch} */
export function encodeBatchMessage(message: BatchMessage): Buffer {
  const properties = encodeProperties(message.properties)
  if (properties.length > PROPERTIES_MAX_BYTES) {
    throw new TypeError(`properties of ${properties.length} bytes, at most ${PROPERTIES_MAX_BYTES}`)
  }
  const totalBytes = BATCH_MESSAGE_MIN_BYTES + message.body.length + properties.length
  const target = Buffer.alloc(totalBytes)
  writeInt32(target, SIZE_AT, totalBytes)
  writeInt32(target, MAGIC_AT, 0)
  writeInt32(target, BODY_CRC_AT, 0)
  writeInt32(target, FLAG_AT, message.flag ?? 0)
  writeInt32(target, BODY_LENGTH_AT, message.body.length)
  target.set(message.body, BODY_AT)
  const propertiesLengthAt = BODY_AT + message.body.length
  writeInt16(target, propertiesLengthAt, properties.length)
  target.set(properties, propertiesLengthAt + I16_BYTES)
  return target
}
