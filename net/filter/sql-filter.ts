import type { EvaluateCondition, PropertyLookup } from './expression.ts'
import { placeIn } from './filter-error.ts'
import { parseFilter } from './parser.ts'
import { NotComparable } from './value.ts'

/**
 * An SQL92 expression, compiled once for many messages (Java: SqlFilter, SelectorParser).
 * What it takes and refuses, and what it makes of every message, is as in RocketMQ.
 */
export class SqlFilter {
  /** The properties that it looks at, each once. */
  readonly propertyNames: readonly string[]
  /**
   * Column, from 1, of text behind the expression that has no part in it: `a = 1 b = 2` ends behind
   * the 1. RocketMQ's parser never looks at it, nor says so. Undefined without such text.
   */
  readonly ignoredColumn: number | undefined
  readonly #evaluate: EvaluateCondition

  /** @throws {FilterError} with the place of what is wrong */
  constructor(expression: string) {
    const { condition, propertyNames, restAt } = parseFilter(expression)
    this.propertyNames = propertyNames
    this.ignoredColumn = restAt === undefined ? undefined : placeIn(expression, restAt).column
    this.#evaluate = condition.evaluate
  }

  /**
   * Whether a message is wanted. One whose properties cannot be compared as the expression asks,
   * such as the text `abc` with a number, is not.
   * @param propertyOf told the index of a name in {@link propertyNames}
   */
  matches(propertyOf: PropertyLookup): boolean {
    try {
      return this.#evaluate(propertyOf) === true
    } catch (error) {
      if (error instanceof NotComparable) return false
      throw error
    }
  }

  /**
   * True, false, or null for unknown.
   * @throws {NotComparable}
   */
  evaluate(propertyOf: PropertyLookup): boolean | null {
    return this.#evaluate(propertyOf)
  }
}
