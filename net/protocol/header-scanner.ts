/**
 * Scans a request's header in bytes, in either encoding, for the commands that are too frequent
 * for objects. It gives up (false) on everything unusual, well-formed or not: the generic codec
 * then decides. What it accepts, the generic codec reads alike.
 */

import { isUtf8 } from 'node:buffer'
import { equalBytes } from '../../engine/base/equal-bytes.ts'
import { I16_BYTES, I32_BYTES } from '../../engine/base/units.ts'
import { SERIALIZE_TYPE_JSON } from '../remoting/frame-format.ts'
import type { RawFrame } from '../remoting/frame-splitter.ts'
import {
  BINARY_HEADER_BYTES_MIN,
  CODE_AT,
  FLAG_AT,
  OPAQUE_AT,
  REMARK_AT,
  REMARK_LENGTH_AT,
} from '../remoting/header-binary.ts'
import { FLAG_RESPONSE } from '../remoting/remoting-command.ts'
import { asciiBytes, NON_ASCII } from './byte-codes.ts'
import { readDecimal, readDecimalInt32 } from './decimal.ts'
import {
  JsonCursor,
  VALUE_FALSE,
  VALUE_NULL,
  VALUE_NUMBER,
  VALUE_OBJECT,
  VALUE_TEXT,
  VALUE_TRUE,
} from './json-cursor.ts'
import { NameTable } from './name-table.ts'

/** Takes the fields of one header as the scanner finds them. */
export interface FieldTarget {
  /** False: the scan ends, the request is not this target's. */
  begin(code: number): boolean
  /** Takes the field whose name lies at `nameStart..nameEnd`; false when it is unusual. */
  takeField(scanner: HeaderScanner): boolean
}

/** Members of a header; the others are skipped. */
const MEMBERS = new NameTable(['code', 'flag', 'opaque', 'version', 'extFields'])
const CODE = 0
const FLAG = 1
const OPAQUE = 2
const VERSION = 3
const EXT_FIELDS = 4

const TRUE = asciiBytes('true')
const FALSE = asciiBytes('false')

const NOT_SEEN = -1

export class HeaderScanner {
  code = 0
  opaque = 0
  /** Where the opaque's digits stand in a JSON header. */
  opaqueStart = 0
  opaqueEnd = 0
  flag = 0
  buffer: Buffer = Buffer.alloc(0)
  /** The field that is being taken. */
  nameStart = 0
  nameEnd = 0
  valueStart = 0
  valueEnd = 0
  /** The value has JSON escapes. */
  escaped = false
  #kind = VALUE_TEXT
  #nonAscii = false
  readonly #cursor = new JsonCursor()

  /** Scans the header of `frame` and hands its ext fields to `target`. */
  scan(frame: RawFrame, target: FieldTarget): boolean {
    this.buffer = frame.buffer
    this.code = 0
    this.opaque = 0
    this.opaqueStart = 0
    this.opaqueEnd = 0
    this.flag = 0
    return frame.serializeType === SERIALIZE_TYPE_JSON
      ? this.#scanJson(frame, target)
      : this.#scanBinary(frame, target)
  }

  /** The field as an int, or NaN. */
  int32(): number {
    if (!this.#mayBeNumber()) return Number.NaN
    return readDecimalInt32(this.buffer, this.valueStart, this.valueEnd)
  }

  /** The field as a long, or NaN, also when it is not exact as a number. */
  int64(): number {
    if (!this.#mayBeNumber()) return Number.NaN
    return readDecimal(this.buffer, this.valueStart, this.valueEnd)
  }

  /** 1, 0, or NaN when the field is neither. */
  boolean(): number {
    if (this.#kind === VALUE_TRUE) return 1
    if (this.#kind === VALUE_FALSE) return 0
    if (this.#kind !== VALUE_TEXT) return Number.NaN
    if (equalBytes(this.buffer, this.valueStart, this.valueEnd, TRUE)) return 1
    return equalBytes(this.buffer, this.valueStart, this.valueEnd, FALSE) ? 0 : Number.NaN
  }

  /** The field is a text whose bytes are its value: ASCII without escapes. */
  isPlainText(): boolean {
    return this.#kind === VALUE_TEXT && !this.escaped && !this.#nonAscii
  }

  /** The field is a text in UTF-8, perhaps with escapes. */
  isText(): boolean {
    if (this.#kind !== VALUE_TEXT) return false
    return !this.#nonAscii || isUtf8(this.buffer.subarray(this.valueStart, this.valueEnd))
  }

  #mayBeNumber(): boolean {
    return this.#kind === VALUE_TEXT || this.#kind === VALUE_NUMBER
  }

  #scanJson(frame: RawFrame, target: FieldTarget): boolean {
    const cursor = this.#cursor
    cursor.reset(frame.buffer, frame.headerStart, frame.headerEnd)
    let codeSeen = false
    let fieldsSeen = false
    let fieldsAt = NOT_SEEN
    let first = true
    if (!cursor.enter()) return false
    while (cursor.nextName(first)) {
      first = false
      const member = MEMBERS.indexOf(cursor.buffer, cursor.nameStart, cursor.nameEnd)
      if (member === EXT_FIELDS) {
        if (fieldsSeen || !cursor.value() || cursor.kind !== VALUE_OBJECT) return false
        fieldsSeen = true
        if (!codeSeen) fieldsAt = cursor.at
        if (codeSeen ? !this.#takeJsonFields(target) : !cursor.leave()) return false
      } else if (!cursor.value() || !this.#takeMember(member)) {
        return false
      } else if (member === CODE) {
        if (codeSeen || !target.begin(this.code)) return false
        codeSeen = true
      }
    }
    if (cursor.failed || !codeSeen || !cursor.finished()) return false
    if ((this.flag & FLAG_RESPONSE) !== 0) return false
    if (fieldsAt === NOT_SEEN) return true
    // The fields came before the code: they are taken now that it is known whose they are.
    cursor.reset(frame.buffer, fieldsAt, frame.headerEnd)
    return this.#takeJsonFields(target)
  }

  /** Takes a member of the header itself; false when it is unusual. */
  #takeMember(member: number): boolean {
    const cursor = this.#cursor
    if (member > VERSION) return cursor.kind !== VALUE_OBJECT
    if (cursor.kind !== VALUE_NUMBER) return false
    const value = readDecimalInt32(cursor.buffer, cursor.valueStart, cursor.valueEnd)
    if (member === CODE) this.code = value
    else if (member === FLAG) this.flag = value
    else if (member === OPAQUE) {
      this.opaque = value
      this.opaqueStart = cursor.valueStart
      this.opaqueEnd = cursor.valueEnd
    }
    return !Number.isNaN(value)
  }

  #takeJsonFields(target: FieldTarget): boolean {
    const cursor = this.#cursor
    let first = true
    while (cursor.nextName(first)) {
      first = false
      if (!cursor.value() || cursor.kind === VALUE_OBJECT || cursor.kind === VALUE_NULL)
        return false
      this.nameStart = cursor.nameStart
      this.nameEnd = cursor.nameEnd
      this.valueStart = cursor.valueStart
      this.valueEnd = cursor.valueEnd
      this.escaped = cursor.escaped
      this.#kind = cursor.kind
      this.#nonAscii = cursor.nonAscii
      if (!target.takeField(this)) return false
    }
    return !cursor.failed
  }

  #scanBinary(frame: RawFrame, target: FieldTarget): boolean {
    const { buffer, headerStart, headerEnd } = frame
    if (headerEnd - headerStart < BINARY_HEADER_BYTES_MIN) return false
    this.code = buffer.readInt16BE(headerStart + CODE_AT)
    this.opaque = buffer.readInt32BE(headerStart + OPAQUE_AT)
    this.flag = buffer.readInt32BE(headerStart + FLAG_AT)
    if ((this.flag & FLAG_RESPONSE) !== 0 || !target.begin(this.code)) return false
    const remarkBytes = buffer.readInt32BE(headerStart + REMARK_LENGTH_AT)
    const lengthAt = headerStart + REMARK_AT + remarkBytes
    if (remarkBytes < 0 || lengthAt + I32_BYTES > headerEnd) return false
    const fieldsAt = lengthAt + I32_BYTES
    const fieldsBytes = buffer.readInt32BE(lengthAt)
    if (fieldsBytes < 0 || fieldsBytes > headerEnd - fieldsAt) return false
    return this.#takeBinaryFields(target, fieldsAt, fieldsAt + fieldsBytes)
  }

  #takeBinaryFields(target: FieldTarget, start: number, end: number): boolean {
    const { buffer } = this
    this.#kind = VALUE_TEXT
    this.escaped = false
    let at = start
    while (at < end) {
      if (end - at < I16_BYTES) return false
      this.nameStart = at + I16_BYTES
      this.nameEnd = this.nameStart + buffer.readInt16BE(at)
      if (this.nameEnd < this.nameStart || this.nameEnd + I32_BYTES > end) return false
      this.valueStart = this.nameEnd + I32_BYTES
      this.valueEnd = this.valueStart + buffer.readInt32BE(this.nameEnd)
      if (this.valueEnd < this.valueStart || this.valueEnd > end) return false
      this.#nonAscii = hasNonAscii(buffer, this.valueStart, this.valueEnd)
      if (hasNonAscii(buffer, this.nameStart, this.nameEnd)) return false
      if (!target.takeField(this)) return false
      at = this.valueEnd
    }
    return true
  }
}

function hasNonAscii(buffer: Uint8Array, start: number, end: number): boolean {
  let allCodes = 0
  for (let at = start; at < end; at += 1) allCodes |= buffer[at]!
  return allCodes >= NON_ASCII
}
