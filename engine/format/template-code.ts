/**
 * The comparison of bytes-template.ts as WebAssembly code, sixteen bytes at a time:
 *
 *     fits(at, length, bytes, mask, below, first, second: i32) -> i32
 *
 * 1 when the `length` bytes at `at` are those at `bytes` wherever the mask's are set, and elsewhere
 * none is below `below` (as a signed number) or one of two others. At least sixteen bytes: the last
 * sixteen may overlap those before.
 */
import {
  type Code,
  type CodeFunction,
  constant,
  get,
  I32,
  loadVector,
  Op,
  set,
  V128,
  VectorOp,
  whileTrue,
} from './wasm-code.ts'

/** Shorter bytes are not for this code. */
export const FITS_BYTES_MIN = 16

// Parameters, then the locals that are declared with the code.
const AT = 0
const LENGTH = 1
const BYTES = 2
const MASK = 3
const LIMITS = [4, 5, 6] as const
const OFFSET = 7
const SEEN = 8
const FIXED = 9
const DIFFERENCE = 10
const [BELOW, FIRST, SECOND] = [11, 12, 13] as const

const offsetBy = (base: number): Code => [...get(base), ...get(OFFSET), ...Op.ADD]

export const FITS_FUNCTION: CodeFunction = {
  name: 'fits',
  parameterCount: 7,
  locals: [2, 1, I32, 6, V128],
  body: [
    ...[BELOW, FIRST, SECOND].flatMap((limit, index) => [
      ...[...get(LIMITS[index]!), ...VectorOp.OF_EQUAL_BYTES, ...set(limit)],
    ]),
    ...whileTrue(
      [...get(OFFSET), ...constant(FITS_BYTES_MIN), ...Op.ADD, ...get(LENGTH), ...Op.AT_MOST],
      [...compare(), ...get(OFFSET), ...constant(FITS_BYTES_MIN), ...Op.ADD, ...set(OFFSET)],
    ),
    ...[...get(LENGTH), ...constant(FITS_BYTES_MIN), ...Op.SUBTRACT, ...set(OFFSET), ...compare()],
    ...[...get(DIFFERENCE), ...VectorOp.IS_ANY_SET, ...Op.IS_ZERO],
  ],
}

/** Adds to the difference what the sixteen bytes at the offset have of it. */
function compare(): Code {
  const changed = [...get(SEEN), ...offsetBy(BYTES), ...loadVector(0), ...VectorOp.XOR]
  const forbidden = [
    ...[...get(SEEN), ...get(BELOW), ...VectorOp.BYTES_BELOW],
    ...[...get(SEEN), ...get(FIRST), ...VectorOp.EQUAL_BYTES, ...VectorOp.OR],
    ...[...get(SEEN), ...get(SECOND), ...VectorOp.EQUAL_BYTES, ...VectorOp.OR],
  ]
  return [
    ...[...offsetBy(AT), ...loadVector(0), ...set(SEEN)],
    ...[...offsetBy(MASK), ...loadVector(0), ...set(FIXED)],
    ...[...get(DIFFERENCE), ...changed, ...get(FIXED), ...VectorOp.AND, ...VectorOp.OR],
    ...[...forbidden, ...get(FIXED), ...VectorOp.AND_NOT, ...VectorOp.OR, ...set(DIFFERENCE)],
  ]
}
