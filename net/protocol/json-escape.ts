/** Escapes in JSON texts, on bytes. */
import { BACKSLASH, DIGIT_0, LOWER_A, LOWER_U, NON_ASCII, QUOTE, SPACE } from './byte-codes.ts'

const UNICODE_DIGIT_COUNT = 4
const HEX_LETTER_VALUE = 10
const HEX_DIGIT_BITS = 4

const SURROGATE_HIGH = 0xd800
const SURROGATE_LOW = 0xdc00
const SURROGATE_END = 0xe000
const SURROGATE_BITS = 10
const SUPPLEMENTARY = 0x1_0000
/** What UTF-8 writers put for half a surrogate pair. */
const REPLACEMENT = 0xfffd

/** Code after the backslash to the byte that it stands for; 0 where the code means nothing. */
const SIMPLE_ESCAPES = simpleEscapes()

/** Code of a hexadecimal digit to its value; -1, which stays negative when shifted, for others. */
const HEX_VALUES = hexValues()

/**
 * Length of the escape at `at`, where a backslash stands, or 0 when it is not one of JSON's.
 */
export function escapeBytes(buffer: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return 0
  const code = buffer[at + 1]!
  if (code !== LOWER_U) return SIMPLE_ESCAPES[code] === 0 ? 0 : 2
  return hexUnit(buffer, at + 2, end) < 0 ? 0 : 2 + UNICODE_DIGIT_COUNT
}

/**
 * Writes the text that stands between quotes at `start..end` as UTF-8 to `target` at `at` and
 * returns the position behind it. The text has valid escapes only, and never grows.
 */
export function unescapeJson(
  buffer: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  let from = start
  let to = at
  while (from < end) {
    const code = buffer[from]!
    if (code !== BACKSLASH) {
      target[to] = code
      from += 1
      to += 1
    } else if (buffer[from + 1] !== LOWER_U) {
      target[to] = SIMPLE_ESCAPES[buffer[from + 1]!]!
      from += 2
      to += 1
    } else {
      const unit = hexUnit(buffer, from + 2, end)
      from += 2 + UNICODE_DIGIT_COUNT
      const low =
        unit >= SURROGATE_HIGH && unit < SURROGATE_LOW ? lowSurrogate(buffer, from, end) : -1
      if (low >= 0) from += 2 + UNICODE_DIGIT_COUNT
      to = writeUtf8(target, to, codePoint(unit, low))
    }
  }
  return to
}

/** Writes `start..end` of `buffer` as the inside of a JSON text; returns the position behind it. */
export function escapeJson(
  buffer: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  let to = at
  for (let from = start; from < end; from += 1) {
    const code = buffer[from]!
    if (code >= SPACE && code !== QUOTE && code !== BACKSLASH) {
      target[to] = code
      to += 1
      continue
    }
    target[to] = BACKSLASH
    if (code >= SPACE) {
      target[to + 1] = code
      to += 2
      continue
    }
    target[to + 1] = LOWER_U
    target[to + 2] = DIGIT_0
    target[to + 3] = DIGIT_0
    target[to + 4] = hexDigit(code >> HEX_DIGIT_BITS)
    target[to + 5] = hexDigit(code & 0xf)
    to += 2 + UNICODE_DIGIT_COUNT
  }
  return to
}

/** Most bytes that {@link escapeJson} writes for one byte. */
export const ESCAPED_BYTES_PER_BYTE = 2 + UNICODE_DIGIT_COUNT

/** The value of the four hexadecimal digits at `at`, or a negative number. */
function hexUnit(buffer: Uint8Array, at: number, end: number): number {
  if (at + UNICODE_DIGIT_COUNT > end) return -1
  return (
    (HEX_VALUES[buffer[at]!]! << (3 * HEX_DIGIT_BITS)) |
    (HEX_VALUES[buffer[at + 1]!]! << (2 * HEX_DIGIT_BITS)) |
    (HEX_VALUES[buffer[at + 2]!]! << HEX_DIGIT_BITS) |
    HEX_VALUES[buffer[at + 3]!]!
  )
}

/** The low surrogate that is escaped at `at`, or -1. */
function lowSurrogate(buffer: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end || buffer[at] !== BACKSLASH || buffer[at + 1] !== LOWER_U) return -1
  const unit = hexUnit(buffer, at + 2, end)
  return unit >= SURROGATE_LOW && unit < SURROGATE_END ? unit : -1
}

function codePoint(unit: number, low: number): number {
  if (unit < SURROGATE_HIGH || unit >= SURROGATE_END) return unit
  if (low < 0) return REPLACEMENT
  const high = (unit - SURROGATE_HIGH) << SURROGATE_BITS
  return SUPPLEMENTARY + high + (low - SURROGATE_LOW)
}

function writeUtf8(target: Uint8Array, at: number, point: number): number {
  if (point < NON_ASCII) {
    target[at] = point
    return at + 1
  }
  if (point < 0x800) {
    target[at] = 0xc0 | (point >> 6)
    target[at + 1] = 0x80 | (point & 0x3f)
    return at + 2
  }
  if (point < SUPPLEMENTARY) {
    target[at] = 0xe0 | (point >> 12)
    target[at + 1] = 0x80 | ((point >> 6) & 0x3f)
    target[at + 2] = 0x80 | (point & 0x3f)
    return at + 3
  }
  target[at] = 0xf0 | (point >> 18)
  target[at + 1] = 0x80 | ((point >> 12) & 0x3f)
  target[at + 2] = 0x80 | ((point >> 6) & 0x3f)
  target[at + 3] = 0x80 | (point & 0x3f)
  return at + 4
}

function hexDigit(value: number): number {
  return value < HEX_LETTER_VALUE ? DIGIT_0 + value : LOWER_A + value - HEX_LETTER_VALUE
}

function hexValues(): Int8Array {
  const table = new Int8Array(256).fill(-1)
  for (const digit of '0123456789abcdefABCDEF') {
    table[digit.charCodeAt(0)] = Number.parseInt(digit, 16)
  }
  return table
}

function simpleEscapes(): Uint8Array {
  const table = new Uint8Array(256)
  const escapes = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
  for (const [code, byte] of Object.entries(escapes)) {
    table[code.charCodeAt(0)] = byte.charCodeAt(0)
  }
  return table
}
