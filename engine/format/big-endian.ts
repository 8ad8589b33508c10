/**
 * Big-endian integers in a `Buffer`, as every RocketMQ format writes them.
 *
 * Plain byte loads and stores: no BigInt, no range check, nothing allocated. A caller asserts its
 * whole range once instead (a store past the end of a `Buffer` is silently lost).
 */

import { HIGH_WORD } from '../base/units.ts'

export function writeInt16(target: Buffer, at: number, value: number): void {
  target[at] = value >>> 8
  target[at + 1] = value
}

export function writeInt32(target: Buffer, at: number, value: number): void {
  target[at] = value >>> 24
  target[at + 1] = value >>> 16
  target[at + 2] = value >>> 8
  target[at + 3] = value
}

/** Writes a safe integer as 64 bits of two's complement. */
export function writeInt64(target: Buffer, at: number, value: number): void {
  const high = Math.floor(value / HIGH_WORD)
  writeInt32(target, at, high)
  writeInt32(target, at + 4, value - high * HIGH_WORD)
}

/** A signed byte. */
export function readInt8(source: Buffer, at: number): number {
  return (source[at]! << 24) >> 24
}

/** A signed 16-bit integer. */
export function readInt16(source: Buffer, at: number): number {
  return ((source[at]! << 24) >> 16) | source[at + 1]!
}

/** A signed 32-bit integer. */
export function readInt32(source: Buffer, at: number): number {
  return (source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!
}

/** A signed 64-bit integer; the nearest number when it is beyond 2^53. */
export function readInt64(source: Buffer, at: number): number {
  return readInt32(source, at) * HIGH_WORD + (readInt32(source, at + 4) >>> 0)
}
