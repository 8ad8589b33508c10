/** Steps that the builders of hot responses share. Those that write return where they ended. */
import { I16_BYTES, I32_BYTES } from '../../engine/base/units.ts'
import { HEADER_AT, HEADER_WORD_AT, headerWord, LENGTH_WORD_AT } from '../remoting/frame-format.ts'
import { writeDecimal } from './decimal.ts'

/** Fills in the two words of the frame at `at`, whose header ends at `headerEnd`. */
export function patchFrameWords(
  buffer: Buffer,
  at: number,
  serializeType: number,
  headerEnd: number,
  bodyBytes: number,
): void {
  const headerBytes = headerEnd - at - HEADER_AT
  buffer.writeInt32BE(HEADER_AT - HEADER_WORD_AT + headerBytes + bodyBytes, at + LENGTH_WORD_AT)
  buffer.writeInt32BE(headerWord(serializeType, headerBytes), at + HEADER_WORD_AT)
}

export function writeBytes(buffer: Buffer, at: number, bytes: Uint8Array): number {
  buffer.set(bytes, at)
  return at + bytes.length
}

/** A binary ext field whose value is a number; `name` has its length before. */
export function writeNumberField(
  buffer: Buffer,
  at: number,
  name: Uint8Array,
  value: number,
): number {
  const lengthAt = writeBytes(buffer, at, name)
  const end = writeDecimal(buffer, lengthAt + I32_BYTES, value)
  buffer.writeInt32BE(end - lengthAt - I32_BYTES, lengthAt)
  return end
}

/** The name of a binary ext field with its length before it. */
export function nameBytes(name: string): Buffer {
  const bytes = Buffer.alloc(I16_BYTES + name.length)
  bytes.writeInt16BE(name.length)
  bytes.write(name, I16_BYTES)
  return bytes
}

/** A whole binary ext field. */
export function fieldBytes(name: string, value: string): Buffer {
  const length = Buffer.alloc(I32_BYTES)
  length.writeInt32BE(Buffer.byteLength(value))
  return Buffer.concat([nameBytes(name), length, Buffer.from(value)])
}
