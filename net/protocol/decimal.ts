/** Decimal numbers as ASCII bytes. */
import { DIGIT_0, MINUS } from './byte-codes.ts'

const BASE = 10
/** Numbers of this many digits are exact. */
const DIGIT_COUNT_MAX = 15
/** So many fit an int, which is quicker to compute with. */
const INT_DIGITS = 9
const INT_DIGITS_RANGE = 1e9
const INT32_MAX = 0x7fff_ffff
const INT32_MIN = -INT32_MAX - 1

/** Most bytes that {@link writeDecimal} writes: a safe integer and its sign. */
export const DECIMAL_BYTES_MAX = 17

/**
 * The integer at `start..end` in its shortest form, or NaN: no plus sign, no leading zeros, no
 * minus zero, at most fifteen digits.
 */
export function readDecimal(buffer: Uint8Array, start: number, end: number): number {
  const negative = start < end && buffer[start] === MINUS
  const first = negative ? start + 1 : start
  const digitCount = end - first
  if (digitCount <= 0 || digitCount > DIGIT_COUNT_MAX) return Number.NaN
  if (buffer[first] === DIGIT_0 && (digitCount > 1 || negative)) return Number.NaN
  const middle = digitCount > INT_DIGITS ? end - INT_DIGITS : first
  const low = readDigits(buffer, middle, end)
  const high = readDigits(buffer, first, middle)
  if (low < 0 || high < 0) return Number.NaN
  const value = high * INT_DIGITS_RANGE + low
  return negative ? -value : value
}

/** At most {@link INT_DIGITS} digits; -1 when one of them is none. */
function readDigits(buffer: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at += 1) {
    const digit = buffer[at]! - DIGIT_0
    if (digit < 0 || digit >= BASE) return -1
    value = (Math.imul(value, BASE) + digit) | 0
  }
  return value
}

/** As {@link readDecimal}, NaN also for what is not an int. */
export function readDecimalInt32(buffer: Uint8Array, start: number, end: number): number {
  const value = readDecimal(buffer, start, end)
  return value >= INT32_MIN && value <= INT32_MAX ? value : Number.NaN
}

/** Writes an integer at `at`; returns the position behind it. */
export function writeDecimal(buffer: Uint8Array, at: number, value: number): number {
  let start = at
  let rest = value
  if (rest < 0) {
    buffer[start] = MINUS
    start += 1
    rest = -rest
  }
  const digitCount = digitCountOf(rest)
  writeDigits(buffer, start, rest, digitCount)
  return start + digitCount
}

/** Digits of an integer that is not negative. */
export function digitCountOf(value: number): number {
  let count = 1
  for (let bound = BASE; bound <= value; bound *= BASE) count += 1
  return count
}

/** Writes the last `digitCount` digits of an integer that is not negative. */
export function writeDigits(
  buffer: Uint8Array,
  at: number,
  value: number,
  digitCount: number,
): void {
  let rest = value
  for (let position = at + digitCount - 1; position >= at; position -= 1) {
    const next = rest <= INT32_MAX ? (rest / BASE) | 0 : Math.floor(rest / BASE)
    buffer[position] = DIGIT_0 + (rest - next * BASE)
    rest = next
  }
}
