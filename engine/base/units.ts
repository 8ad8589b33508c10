/** Sizes in bytes. */
export const KIB = 1024
export const MIB = 1024 * KIB
export const GIB = 1024 * MIB

/** The page size that segments, padding and mappings are aligned to, in bytes. */
export const PAGE_BYTES = 4 * KIB

/** What a disk writes whole or not at all, in bytes. */
export const DISK_BLOCK_BYTES = 512

/** Widths of the integers in RocketMQ's formats, in bytes. */
export const I8_BYTES = 1
export const I16_BYTES = 2
export const I32_BYTES = 4
export const I64_BYTES = 8

/** 2^32, the weight of the high word of a 64-bit integer that is read as two halves. */
export const HIGH_WORD = 0x1_0000_0000

/** Smallest multiple of `unit` (a power of two) that is not below `value`. */
export function alignUp(value: number, unit: number): number {
  const rest = value % unit
  return rest === 0 ? value : value + unit - rest
}

/** Largest multiple of `unit` that is not above `value`. */
export function alignDown(value: number, unit: number): number {
  return value - (value % unit)
}
