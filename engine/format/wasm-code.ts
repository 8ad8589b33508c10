/**
 * WebAssembly code as arrays of bytes: what crc-code.ts, copy-code.ts, head-code.ts and
 * template-code.ts are written in.
 * (WebAssembly Core Specification 2.0, binary format.)
 */

export type Code = readonly number[]

/** Value types. */
export const I32 = 0x7f
export const I64 = 0x7e
export const V128 = 0x7b

/** Bytes of a vector. */
export const VECTOR_BYTES = 16

const VECTOR_PREFIX = 0xfd
const BULK_PREFIX = 0xfc

export const Op = {
  LOOP: [0x03, 0x40],
  IF: [0x04, 0x40],
  END: [0x0b],
  /** Out of an {@link IF} and to the start of the loop around it. */
  AGAIN: [0x0c, 1],
  IS_ZERO: [0x45],
  AT_MOST: [0x4d],
  ADD: [0x6a],
  SUBTRACT: [0x6b],
  AND: [0x71],
  OR: [0x72],
  XOR: [0x73],
  SHIFT_LEFT: [0x74],
  SHIFT_RIGHT: [0x76],
  ROTATE_LEFT: [0x77],
  ROTATE_RIGHT: [0x78],
  XOR_64: [0x85],
  SHIFT_LEFT_64: [0x86],
  SHIFT_RIGHT_64: [0x88],
  LOWER_HALF: [0xa7],
  COPY_BYTES: [BULK_PREFIX, 10, 0, 0],
} as const

/** Of sixteen bytes. */
export const VectorOp = {
  OF_EQUAL_BYTES: [VECTOR_PREFIX, 0x0f],
  EQUAL_BYTES: [VECTOR_PREFIX, 0x23],
  /** Bytes count as signed. */
  BYTES_BELOW: [VECTOR_PREFIX, 0x25],
  AND: [VECTOR_PREFIX, 0x4e],
  AND_NOT: [VECTOR_PREFIX, 0x4f],
  OR: [VECTOR_PREFIX, 0x50],
  XOR: [VECTOR_PREFIX, 0x51],
  IS_ANY_SET: [VECTOR_PREFIX, 0x53],
} as const

export const get = (local: number): Code => [0x20, local]
export const set = (local: number): Code => [0x21, local]
export const constant = (value: number): Code => [0x41, ...signed(value)]
export const constant64 = (value: number): Code => [0x42, ...signed(value)]
export const load = (offset: number): Code => [0x28, 0, ...unsigned(offset)]
export const loadByte = (offset: number): Code => [0x2d, 0, ...unsigned(offset)]
export const load64 = (offset: number): Code => [0x29, 0, ...unsigned(offset)]
export const store = (offset: number): Code => [0x36, 0, ...unsigned(offset)]
export const loadVector = (offset: number): Code => [VECTOR_PREFIX, 0x00, 0, ...unsigned(offset)]
export const storeVector = (offset: number): Code => [VECTOR_PREFIX, 0x0b, 0, ...unsigned(offset)]
/** Goes round as long as a condition holds. */
export const whileTrue = (condition: Code, body: Code): Code => {
  return [...Op.LOOP, ...condition, ...Op.IF, ...body, ...Op.AGAIN, ...Op.END, ...Op.END]
}

/** A function of so many `i32` that returns one. */
export interface CodeFunction {
  readonly name: string
  readonly parameterCount: number
  /** How many locals of which type follow the parameters, in pairs, as the format has them. */
  readonly locals: Code
  readonly body: Code
}

/** The bytes of a module that gives functions over a memory, which it imports by these names. */
export function moduleOf(
  memory: { readonly module: string; readonly name: string },
  functions: readonly CodeFunction[],
): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameterCount }) => [
    ...[0x60, parameterCount, ...new Array<number>(parameterCount).fill(I32)],
    ...[1, I32],
  ])
  const codes = functions.map(({ locals, body }) => {
    const code = [...locals, ...body, ...Op.END]
    return [...unsigned(code.length), ...code]
  })
  const exported = functions.map((one, index) => [...name(one.name), 0, index])
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [[...name(memory.module), ...name(memory.name), 2, 0, 1]]),
    ...section(
      3,
      functions.map((_, index) => [index]),
    ),
    ...section(7, exported),
    ...section(10, codes),
  ])
}

function section(id: number, entries: readonly Code[]): Code {
  const content = [...unsigned(entries.length), ...entries.flat()]
  return [id, ...unsigned(content.length), ...content]
}

function name(text: string): Code {
  return [text.length, ...Buffer.from(text, 'latin1')]
}

/** LEB128, as WebAssembly writes integers. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): Code {
  const isLast = value >= -0x40 && value < 0x40
  const low = ((value % 0x80) + 0x80) % 0x80
  return isLast ? [low] : [low | 0x80, ...signed(Math.floor(value / 0x80))]
}
