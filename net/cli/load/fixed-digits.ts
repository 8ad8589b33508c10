/** Numbers of a fixed width in ASCII, stored where they change in a frame that is sent again. */
import { assert } from '../../../engine/base/assert.ts'

const DECIMAL = 10
const DIGIT_0 = 0x30
const HEXADECIMAL_DIGITS = Buffer.from('0123456789ABCDEF', 'latin1')
const NIBBLE_MASK = 0xf

/** Writes `value` as `digitCount` decimal digits, with zeros in front. */
export function writeDecimal(target: Buffer, at: number, digitCount: number, value: number): void {
  let rest = value
  for (let index = at + digitCount - 1; index >= at; index--) {
    const higher = Math.floor(rest / DECIMAL)
    target[index] = DIGIT_0 + rest - higher * DECIMAL
    rest = higher
  }
  assert(rest === 0, 'a number fits its digits')
}

/** Writes the low bits of `value` as `digitCount` (at most 8) upper-case hexadecimal digits. */
export function writeHexadecimal(
  target: Buffer,
  at: number,
  digitCount: number,
  value: number,
): void {
  let rest = value
  for (let index = at + digitCount - 1; index >= at; index--) {
    target[index] = HEXADECIMAL_DIGITS[rest & NIBBLE_MASK]!
    rest >>>= 4
  }
}

/** The decimal number of `digitCount` digits at `at`, or -1 when something else stands there. */
export function readDecimal(source: Buffer, at: number, digitCount: number): number {
  let value = 0
  for (let index = at; index < at + digitCount; index++) {
    const digit = source[index]! - DIGIT_0
    if (!(digit >= 0 && digit < DECIMAL)) return -1
    value = value * DECIMAL + digit
  }
  return value
}

/** The decimal number at `at`, as long as it goes before `end`, or -1 without a digit. */
export function readDecimalRun(source: Buffer, at: number, end: number): number {
  let value = -1
  for (let index = at; index < end; index++) {
    const digit = source[index]! - DIGIT_0
    if (!(digit >= 0 && digit < DECIMAL)) break
    value = Math.max(value, 0) * DECIMAL + digit
  }
  return value
}
