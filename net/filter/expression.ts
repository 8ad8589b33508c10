/**
 * Expressions as closures over a look-up of properties, and which operands an operator takes
 * (ComparisonExpression, LogicExpression, UnaryExpression). Logic has three values: null is
 * unknown, and what is unknown in the end does not match.
 */
import {
  compareAsDoubles,
  compareNumbers,
  compareValues,
  type JavaNumber,
  negated,
  type Value,
} from './value.ts'

/** The value of the property with this index among the filter's names, or null without one. */
export type PropertyLookup = (nameIndex: number) => string | null

/** @throws {NotComparable} */
export type Evaluate = (propertyOf: PropertyLookup) => Value
export type EvaluateCondition = (propertyOf: PropertyLookup) => boolean | null

interface Common {
  /** Offset of its first character. */
  readonly start: number
  /** Levels of expressions in it. */
  readonly depth: number
}

export interface Property extends Common {
  readonly kind: 'property'
  readonly evaluate: (propertyOf: PropertyLookup) => string | null
}

/** A literal: string, number, TRUE, FALSE or NULL. */
export interface Literal extends Common {
  readonly kind: 'literal'
  readonly value: Value
  readonly evaluate: Evaluate
}

/** A minus in front of something: no condition, and no literal either. */
export interface Negation extends Common {
  readonly kind: 'negation'
  readonly evaluate: Evaluate
}

/** What is true, false or unknown. */
export interface Condition extends Common {
  readonly kind: 'condition'
  readonly evaluate: EvaluateCondition
}

export type Expression = Property | Literal | Negation | Condition

export type OrderOperator = '<' | '<=' | '>' | '>='

const ORDERS: Readonly<Record<OrderOperator, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

export type TextOperator = 'CONTAINS' | 'STARTSWITH' | 'ENDSWITH'

const TEXT_TESTS: Readonly<Record<TextOperator, (text: string, part: string) => boolean>> = {
  CONTAINS: (text, part) => text.includes(part),
  STARTSWITH: (text, part) => text.startsWith(part),
  ENDSWITH: (text, part) => text.endsWith(part),
}

export function property(nameIndex: number, start: number): Property {
  const evaluate = (propertyOf: PropertyLookup) => propertyOf(nameIndex)
  return { kind: 'property', start, depth: 1, evaluate }
}

export function literal(value: Value, start: number): Literal {
  return { kind: 'literal', start, depth: 1, value, evaluate: () => value }
}

/** What may stand where a condition must; undefined for anything else. */
export function asCondition(expression: Expression): Condition | undefined {
  const { kind, start, depth, evaluate } = expression
  if (kind === 'condition') return expression
  if (kind === 'property') {
    // A property is text, and text is not true.
    const isTrue = (propertyOf: PropertyLookup) => (evaluate(propertyOf) === null ? null : false)
    return { kind: 'condition', start, depth, evaluate: isTrue }
  }
  if (kind !== 'literal') return undefined
  const { value } = expression
  if (value !== null && typeof value !== 'boolean') return undefined
  return { kind: 'condition', start, depth, evaluate: () => value }
}

/** Why an operand cannot stand beside `<`, `<=`, `>`, `>=` or in BETWEEN. */
export function flawAsOrdered(operand: Expression): string | undefined {
  if (operand.kind === 'condition') return 'a condition has no order'
  if (operand.kind !== 'literal') return undefined
  if (operand.value === null) return 'NULL has no order'
  if (typeof operand.value === 'boolean') return 'TRUE and FALSE have no order'
  return typeof operand.value === 'string' ? 'a string has no order' : undefined
}

/** Why an operand cannot stand beside `=` or `<>`. */
export function flawAsEqual(operand: Expression): string | undefined {
  const isNullLiteral = operand.kind === 'literal' && operand.value === null
  return isNullLiteral ? 'nothing equals NULL: write IS NULL' : undefined
}

/** Why two operands cannot be compared by `=` or `<>`. */
export function flawAsPair(left: Expression, right: Expression): string | undefined {
  if (left.kind !== 'literal' || right.kind !== 'literal') return undefined
  if (typeof left.value !== 'boolean' || typeof right.value === 'boolean') return undefined
  return 'TRUE and FALSE equal no other literal'
}

/** Why BETWEEN can hold nothing. */
export function flawAsRange(low: Expression, high: Expression): string | undefined {
  if (low.kind !== 'literal' || high.kind !== 'literal') return undefined
  if (!isNumber(low.value) || !isNumber(high.value)) return undefined
  return compareNumbers(high.value, low.value) < 0
    ? 'the upper bound is below the lower'
    : undefined
}

/** The condition of `left = right`: two unknowns are equal. */
export function equal(left: Expression, right: Expression): Condition {
  return condition([left, right], (propertyOf) => {
    const leftValue = left.evaluate(propertyOf)
    const rightValue = right.evaluate(propertyOf)
    if (leftValue === null) return rightValue === null ? true : null
    if (rightValue === null) return false
    return compareValues(leftValue, rightValue) === 0
  })
}

export function isNull(operand: Expression): Condition {
  return equal(operand, literal(null, operand.start))
}

export function ordered(operator: OrderOperator, left: Expression, right: Expression): Condition {
  const holds = ORDERS[operator]
  return condition([left, right], (propertyOf) => {
    const leftValue = left.evaluate(propertyOf)
    if (leftValue === null) return null
    const rightValue = right.evaluate(propertyOf)
    if (rightValue === null) return null
    const areTexts = typeof leftValue === 'string' && typeof rightValue === 'string'
    return holds(
      areTexts ? compareAsDoubles(leftValue, rightValue) : compareValues(leftValue, rightValue),
    )
  })
}

/** A test of text; an empty part is in nothing, neither so nor negated. */
export function textTest(
  operator: TextOperator,
  operand: Expression,
  part: string,
  isNegated: boolean,
): Condition {
  const holds = TEXT_TESTS[operator]
  return condition([operand], (propertyOf) => {
    if (part === '') return false
    const value = operand.evaluate(propertyOf)
    return typeof value === 'string' && holds(value, part) !== isNegated
  })
}

export function isIn(operand: Property, members: readonly string[], isNegated: boolean): Condition {
  const set = new Set(members)
  return condition([operand], (propertyOf) => {
    const value = operand.evaluate(propertyOf)
    return value === null ? null : set.has(value) !== isNegated
  })
}

export function not(operand: Condition): Condition {
  return condition([operand], (propertyOf) => {
    const value = operand.evaluate(propertyOf)
    return value === null ? null : !value
  })
}

/** Only of numbers, and those are literals: of all else it is unknown. */
export function minus(operand: Expression, start: number): Negation {
  const { evaluate } = operand
  const depth = operand.depth + 1
  const negate = (propertyOf: PropertyLookup) => {
    const value = evaluate(propertyOf)
    return isNumber(value) ? negated(value) : null
  }
  return { kind: 'negation', start, depth, evaluate: negate }
}

/** False when one operand is, unknown when one is unknown; from left to right. */
export function and(operands: readonly Condition[]): Condition {
  return logic(operands, false)
}

/** True when one operand is, unknown when one is unknown; from left to right. */
export function or(operands: readonly Condition[]): Condition {
  return logic(operands, true)
}

function logic(operands: readonly Condition[], decisive: boolean): Condition {
  return condition(operands, (propertyOf) => {
    let isUnknown = false
    for (const { evaluate } of operands) {
      const value = evaluate(propertyOf)
      if (value === decisive) return decisive
      if (value === null) isUnknown = true
    }
    return isUnknown ? null : !decisive
  })
}

function condition(operands: readonly Expression[], evaluate: EvaluateCondition): Condition {
  const start = operands[0]!.start
  const depth = 1 + operands.reduce((deepest, operand) => Math.max(deepest, operand.depth), 0)
  return { kind: 'condition', start, depth, evaluate }
}

function isNumber(value: Value): value is JavaNumber {
  return typeof value === 'object' && value !== null
}
