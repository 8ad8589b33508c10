/** How Java's `parseInt`, `parseLong` and `parseBoolean` read text, with our answer to overflow. */
import { fieldInvalid } from './errors.ts'

const INT32_MAX = 0x7fff_ffff
const INT32_MIN = -INT32_MAX - 1
const DECIMAL = /^[+-]?\d+$/

/** @throws {ProtocolError} `PROTOCOL_FIELD_INVALID` */
export function parseInt32(field: string, text: string): number {
  const value = parseDecimal(field, text)
  if (value < INT32_MIN || value > INT32_MAX) throw fieldInvalid(field, `is no int: ${text}`)
  return value
}

/** Longs beyond ±2^53 saturate: peers send `Long.MAX_VALUE` for "no limit".
 *  @throws {ProtocolError} `PROTOCOL_FIELD_INVALID` */
export function parseInt64(field: string, text: string): number {
  return saturateInt64(parseDecimal(field, text))
}

/** The nearest number that is exact. */
export function saturateInt64(value: number): number {
  return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
}

/** Anything but `true`, in any case, is false. */
export function parseBoolean(text: string): boolean {
  return text.toLowerCase() === 'true'
}

function parseDecimal(field: string, text: string): number {
  if (!DECIMAL.test(text)) throw fieldInvalid(field, `is no integer: ${text}`)
  return Number(text)
}
