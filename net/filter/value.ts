/**
 * What an expression is evaluated to, and how values compare: RocketMQ converts by the classes of
 * the values, so 5, 5L and 5.0 are three different things (ComparisonExpression.__compare).
 */
import { compareDoubles, javaDouble, javaInt, javaLong } from './java-number.ts'

export type JavaNumber =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'long'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number }

/** null is SQL's unknown. A property is a string or null. */
export type Value = string | boolean | JavaNumber | null
export type Known = Exclude<Value, null>

/** What an order of values that have none is in RocketMQ: unequal. */
const UNLIKE = -1
const TRUE_TEXT = /^true$/i

/**
 * Values that cannot be compared, such as the text `abc` with a number: the message then does not
 * match. One for all, since it may be thrown for every message of a topic.
 */
export class NotComparable extends Error {
  override readonly name = 'NotComparable'
}
export const NOT_COMPARABLE = new NotComparable('the values cannot be compared')

/**
 * Negative, zero or positive, as `left` is below, equal to or above `right`; two strings are only
 * equal or unequal.
 * @throws {NotComparable}
 */
export function compareValues(left: Known, right: Known): number {
  if (typeof left === 'string') return compareText(left, right)
  if (typeof left === 'boolean') {
    // RocketMQ's cast of a Boolean to a String, which always fails.
    if (typeof right === 'string') throw NOT_COMPARABLE
    return left === right ? 0 : UNLIKE
  }
  if (typeof right === 'boolean') return UNLIKE
  return compareNumbers(left, typeof right === 'string' ? numberLike(left, right) : right)
}

/**
 * Compares text with text by its numbers, as `<` and its kin do.
 * @throws {NotComparable} when one of them is no number
 */
export function compareAsDoubles(left: string, right: string): number {
  return compareDoubles(known(javaDouble(left)), known(javaDouble(right)))
}

export function compareNumbers(left: JavaNumber, right: JavaNumber): number {
  if (left.type === 'double' || right.type === 'double') {
    return compareDoubles(Number(left.value), Number(right.value))
  }
  if (left.value < right.value) return -1
  return left.value > right.value ? 1 : 0
}

export function negated({ type, value }: JavaNumber): JavaNumber {
  if (type === 'long') return { type, value: BigInt.asIntN(64, -value) }
  return type === 'int' ? { type, value: -value | 0 } : { type, value: -value }
}

function compareText(left: string, right: Known): number {
  if (typeof right === 'string') return left === right ? 0 : UNLIKE
  if (typeof right === 'boolean') return TRUE_TEXT.test(left) === right ? 0 : UNLIKE
  return compareNumbers(numberLike(right, left), right)
}

/** The text as a number of the other's class. */
function numberLike({ type }: JavaNumber, text: string): JavaNumber {
  if (type === 'int') return { type, value: known(javaInt(text)) }
  if (type === 'long') return { type, value: known(javaLong(text)) }
  return { type, value: known(javaDouble(text)) }
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw NOT_COMPARABLE
  return value
}
