/**
 * Numbers as Java reads them from text (Integer.valueOf, Long.valueOf, Double.valueOf) and orders
 * them (Double.compareTo).
 */

const INT_MIN = -(2n ** 31n)
const INT_MAX = 2n ** 31n - 1n
const LONG_MIN = -(2n ** 63n)
const LONG_MAX = 2n ** 63n - 1n
/** As many digits are a safe integer whatever they are. */
const SAFE_DIGITS_MAX = 15
const LONG_DIGITS_MAX = 19

const ASCII_INTEGER = /^[+-]?[0-9]+$/
const INTEGER = /^[+-]?\p{Nd}+$/u
const SURROGATE = /[\ud800-\udfff]/
const DIGIT = /\p{Nd}/u
const DIGITS = /\p{Nd}/gu
const LOW_HALF = 0xf
const LATER_ZERO = 6
const DECIMAL_DOUBLE =
  /^[+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)$/
const HEX_DOUBLE =
  /^([+-]?)0[xX](?:([0-9a-fA-F]+)\.?|([0-9a-fA-F]*)\.([0-9a-fA-F]+))[pP]([+-]?[0-9]+)[fFdD]?$/
/** The last character that String.trim takes off. */
const BLANK_MAX = 0x20

const DOUBLE_SIGNIFICAND_BITS = 53
const DOUBLE_EXPONENT_MIN = -1074
const DOUBLE_EXPONENT_MAX = 1023
const HEX_DIGIT_BITS = 4

/** A 32-bit integer, or undefined where Java throws NumberFormatException. */
export function javaInt(text: string): number | undefined {
  if (text.length <= SAFE_DIGITS_MAX && ASCII_INTEGER.test(text)) {
    const value = Number(text)
    return value === (value | 0) ? value | 0 : undefined
  }
  const value = integerIn(text)
  return value === undefined || value < INT_MIN || value > INT_MAX ? undefined : Number(value)
}

/** A 64-bit integer, or undefined where Java throws NumberFormatException. */
export function javaLong(text: string): bigint | undefined {
  const value = integerIn(text)
  return value === undefined || value < LONG_MIN || value > LONG_MAX ? undefined : value
}

/** A double, or undefined where Java throws NumberFormatException. */
export function javaDouble(text: string): number | undefined {
  const trimmed = trim(text)
  if (DECIMAL_DOUBLE.test(trimmed)) return Number(trimmed.replace(/[fFdD]$/, ''))
  return hexDouble(trimmed)
}

/** Negative, zero or positive: -0 is less than 0, and NaN is equal to itself and above all. */
export function compareDoubles(left: number, right: number): number {
  if (left < right) return -1
  if (left > right) return 1
  if (Object.is(left, right)) return 0
  if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : 1
  if (Number.isNaN(right)) return -1
  return Object.is(left, -0) ? -1 : 1
}

/** Java's blanks are others than JavaScript's. */
function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= BLANK_MAX) start += 1
  while (end > start && text.charCodeAt(end - 1) <= BLANK_MAX) end -= 1
  return text.slice(start, end)
}

function integerIn(text: string): bigint | undefined {
  if (ASCII_INTEGER.test(text)) return signed(text)
  // Java looks at one char at a time, and none of a pair is a digit.
  if (!INTEGER.test(text) || SURROGATE.test(text)) return undefined
  return signed(text.replace(DIGITS, digitOf))
}

function signed(text: string): bigint | undefined {
  const digits = text.replace(/^[+-]?0*/, '')
  if (digits.length > LONG_DIGITS_MAX) return undefined
  const value = BigInt(digits)
  return text.startsWith('-') ? -value : value
}

/** Digits of other scripts count as well; in Unicode their zeros stand at ...0 or ...6. */
function digitOf(character: string): string {
  const code = character.charCodeAt(0)
  const low = code & LOW_HALF
  return String(DIGIT.test(String.fromCharCode(code - low)) ? low : low - LATER_ZERO)
}

function hexDouble(text: string): number | undefined {
  const parts = HEX_DOUBLE.exec(text)
  if (parts === null) return undefined
  const [, sign, whole, integral = '', fraction = '', power = ''] = parts
  const digits = (whole ?? integral + fraction).replace(/^0+(?=.)/, '')
  const magnitude = scaled(BigInt(`0x${digits}`), Number(power) - HEX_DIGIT_BITS * fraction.length)
  return sign === '-' ? -magnitude : magnitude
}

/** `significand * 2 ** exponent`, rounded once, to the nearest, and half to even. */
function scaled(significand: bigint, exponent: number): number {
  if (significand === 0n) return 0
  const bits = significand.toString(2).length
  if (exponent + bits > DOUBLE_EXPONENT_MAX + 1) return Number.POSITIVE_INFINITY
  if (exponent + bits < DOUBLE_EXPONENT_MIN) return 0
  const dropped = Math.max(0, bits - DOUBLE_SIGNIFICAND_BITS, DOUBLE_EXPONENT_MIN - exponent)
  return Number(roundedShift(significand, BigInt(dropped))) * 2 ** (exponent + dropped)
}

function roundedShift(value: bigint, dropped: bigint): bigint {
  if (dropped === 0n) return value
  const kept = value >> dropped
  const rest = value - (kept << dropped)
  const half = 1n << (dropped - 1n)
  const isUp = rest > half || (rest === half && (kept & 1n) === 1n)
  return isUp ? kept + 1n : kept
}
