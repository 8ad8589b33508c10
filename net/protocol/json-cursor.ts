/**
 * Walks over the members of a JSON object in bytes, without making anything. It knows the plain
 * part of JSON that headers consist of: whatever is unusual (nested values, fractions, escapes in
 * names) fails the walk, and the caller takes the generic way.
 */
import { equalBytes } from '../../engine/base/equal-bytes.ts'
import {
  asciiBytes,
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  COLON,
  COMMA,
  DIGIT_0,
  DIGIT_9,
  LOWER_A,
  MINUS,
  NON_ASCII,
  QUOTE,
  SPACE,
} from './byte-codes.ts'
import { escapeBytes } from './json-escape.ts'

/** Kinds of values. */
export const VALUE_TEXT = 0
export const VALUE_NUMBER = 1
export const VALUE_TRUE = 2
export const VALUE_FALSE = 3
export const VALUE_NULL = 4
export const VALUE_OBJECT = 5

const TRUE = asciiBytes('true')
const FALSE = asciiBytes('false')
const NULL = asciiBytes('null')
const LOWER_Z = 0x7a
const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** 1 for the codes that stand for themselves in a text. */
export const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= SPACE && code < NON_ASCII && code !== QUOTE && code !== BACKSLASH ? 1 : 0,
)

export class JsonCursor {
  buffer: Uint8Array = new Uint8Array(0)
  /** Position of the next byte to read. */
  at = 0
  end = 0
  /** True once something was not as expected; nothing else counts then. */
  failed = false
  /** The bytes of the last name, between its quotes. */
  nameStart = 0
  nameEnd = 0
  /** Kind of the last value, one of the `VALUE_` constants. */
  kind = VALUE_NULL
  /** The bytes of the last value: a text's between its quotes. */
  valueStart = 0
  valueEnd = 0
  /** The last text has escapes, all of them valid. */
  escaped = false
  /** The last text has bytes beyond ASCII, which may or may not be UTF-8. */
  nonAscii = false

  reset(buffer: Uint8Array, start: number, end: number): void {
    this.buffer = buffer
    this.at = start
    this.end = end
    this.failed = false
  }

  /** Steps into an object: false when there is none. */
  enter(): boolean {
    const at = skipBlanks(this.buffer, this.at, this.end)
    if (at >= this.end || this.buffer[at] !== BRACE_OPEN) return this.#fail()
    this.at = at + 1
    return true
  }

  /**
   * Reads the next name, up to its value. False at the end of the object (then it is behind the
   * brace) and on failure.
   */
  nextName(first: boolean): boolean {
    const { buffer, end } = this
    let at = skipBlanks(buffer, this.at, end)
    if (at < end && buffer[at] === BRACE_CLOSE) {
      this.at = at + 1
      return false
    }
    if (!first) {
      if (at >= end || buffer[at] !== COMMA) return this.#fail()
      at = skipBlanks(buffer, at + 1, end)
    }
    if (at >= end || buffer[at] !== QUOTE) return this.#fail()
    at += 1
    this.nameStart = at
    while (at < end && IS_PLAIN[buffer[at]!] === 1) at += 1
    if (at >= end || buffer[at] !== QUOTE) return this.#fail()
    this.nameEnd = at
    at = skipBlanks(buffer, at + 1, end)
    if (at >= end || buffer[at] !== COLON) return this.#fail()
    this.at = at + 1
    return true
  }

  /** Reads a value. An object is only entered: its members are to be read next. */
  value(): boolean {
    this.at = skipBlanks(this.buffer, this.at, this.end)
    const code = this.at < this.end ? this.buffer[this.at]! : 0
    if (code === QUOTE) {
      this.kind = VALUE_TEXT
      return this.#text(this.at + 1) || this.#fail()
    }
    this.escaped = false
    this.nonAscii = false
    if (code === BRACE_OPEN) {
      this.kind = VALUE_OBJECT
      return this.enter()
    }
    if (code === MINUS || (code >= DIGIT_0 && code <= DIGIT_9)) return this.#number()
    return this.#word()
  }

  /** Skips the rest of an object that was entered; its values must be plain. */
  leave(): boolean {
    let first = true
    while (this.nextName(first)) {
      first = false
      if (!this.value() || this.kind === VALUE_OBJECT) return this.#fail()
    }
    return !this.failed
  }

  /** True when only blanks are left. */
  finished(): boolean {
    return skipBlanks(this.buffer, this.at, this.end) === this.end
  }

  /** Reads a text behind its first quote. */
  #text(start: number): boolean {
    const { buffer, end } = this
    let at = start
    this.escaped = false
    this.nonAscii = false
    while (at < end) {
      const code = buffer[at]!
      if (IS_PLAIN[code] === 1) {
        at += 1
      } else if (code === QUOTE) {
        this.valueStart = start
        this.valueEnd = at
        this.at = at + 1
        return true
      } else if (code >= NON_ASCII) {
        this.nonAscii = true
        at += 1
      } else {
        const bytes = code === BACKSLASH ? escapeBytes(buffer, at, end) : 0
        if (bytes === 0) return false
        this.escaped = true
        at += bytes
      }
    }
    return false
  }

  #number(): boolean {
    const { buffer, end } = this
    let at = this.at + 1
    while (at < end && buffer[at]! >= DIGIT_0 && buffer[at]! <= DIGIT_9) at += 1
    const digits = buffer[this.at] === MINUS ? this.at + 1 : this.at
    if (at === digits || (buffer[digits] === DIGIT_0 && at > digits + 1)) return this.#fail()
    // A fraction or exponent follows as something that is neither comma nor brace, and fails then.
    this.kind = VALUE_NUMBER
    this.valueStart = this.at
    this.valueEnd = at
    this.at = at
    return true
  }

  #word(): boolean {
    const { buffer, end } = this
    let at = this.at
    while (at < end && buffer[at]! >= LOWER_A && buffer[at]! <= LOWER_Z) at += 1
    this.valueStart = this.at
    this.valueEnd = at
    if (equalBytes(buffer, this.at, at, TRUE)) this.kind = VALUE_TRUE
    else if (equalBytes(buffer, this.at, at, FALSE)) this.kind = VALUE_FALSE
    else if (equalBytes(buffer, this.at, at, NULL)) this.kind = VALUE_NULL
    else return this.#fail()
    this.at = at
    return true
  }

  #fail(): false {
    this.failed = true
    return false
  }
}

function skipBlanks(buffer: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && isBlank(buffer[at]!)) at += 1
  return at
}

function isBlank(code: number): boolean {
  if (code > SPACE) return false
  return code === SPACE || code === TAB || code === LINE_FEED || code === CARRIAGE_RETURN
}
