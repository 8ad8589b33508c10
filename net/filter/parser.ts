/** The grammar of SQL92 expressions (SelectorParser.jj), from words to one condition. */
import {
  and,
  asCondition,
  type Condition,
  type Expression,
  equal,
  flawAsEqual,
  flawAsOrdered,
  flawAsPair,
  flawAsRange,
  isIn,
  isNull,
  literal,
  minus,
  not,
  type OrderOperator,
  or,
  ordered,
  property,
  type TextOperator,
  textTest,
} from './expression.ts'
import { FilterError, type FilterErrorCode } from './filter-error.ts'
import { javaInt, javaLong } from './java-number.ts'
import { Lexer, type Token, type TokenKind } from './lexer.ts'
import type { JavaNumber } from './value.ts'

/** Levels of parentheses, signs and chains; far fewer than the stack has room for. */
const DEPTH_MAX = 200

export interface ParsedFilter {
  readonly condition: Condition
  /** The properties that it looks at; its look-up goes by their indexes. */
  readonly propertyNames: readonly string[]
  /** Offset of what stands behind the expression, which RocketMQ's parser never looks at. */
  readonly restAt: number | undefined
}

/** @throws {FilterError} */
export function parseFilter(text: string): ParsedFilter {
  return new Parser(text).parse()
}

class Parser {
  readonly #text: string
  readonly #lexer: Lexer
  /** Indexes by name. */
  readonly #names = new Map<string, number>()
  #token: Token
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#lexer = new Lexer(text)
    this.#token = this.#lexer.next()
  }

  parse(): ParsedFilter {
    const condition = this.#condition(this.#or())
    const restAt = this.#token.kind === 'END' ? undefined : this.#token.start
    return { condition, propertyNames: [...this.#names.keys()], restAt }
  }

  #or(): Expression {
    return this.#chain('OR', or, () => this.#and())
  }

  #and(): Expression {
    return this.#chain('AND', and, () => this.#equality())
  }

  /** A long chain is one level, however many operands it has. */
  #chain(
    operator: TokenKind,
    join: (operands: readonly Condition[]) => Condition,
    operand: () => Expression,
  ): Expression {
    const first = operand()
    if (this.#token.kind !== operator) return first
    const operands: Condition[] = []
    for (let next = first; ; next = operand()) {
      operands.push(this.#condition(next))
      if (!this.#accept(operator)) return this.#bounded(join(operands))
    }
  }

  #equality(): Expression {
    let left = this.#comparison()
    for (;;) {
      if (this.#accept('=')) left = this.#equal(left, this.#comparison())
      else if (this.#accept('<>')) left = not(this.#equal(left, this.#comparison()))
      else if (this.#accept('IS')) {
        const isNegated = this.#accept('NOT')
        this.#expect('NULL', isNegated ? 'NULL' : 'NULL or NOT NULL')
        left = isNegated ? not(isNull(left)) : isNull(left)
      } else return left
      this.#bounded(left)
    }
  }

  #equal(left: Expression, right: Expression): Condition {
    this.#require(flawAsEqual(left), left)
    this.#require(flawAsEqual(right), right)
    this.#require(flawAsPair(left, right), right)
    return equal(left, right)
  }

  #comparison(): Expression {
    let left = this.#unary()
    for (;;) {
      const next = this.#comparisonOf(left)
      if (next === undefined) return left
      left = this.#bounded(next)
    }
  }

  /** One more operator behind an operand, or undefined when there is none. */
  #comparisonOf(left: Expression): Condition | undefined {
    const { kind } = this.#token
    switch (kind) {
      case '<':
      case '<=':
      case '>':
      case '>=':
        this.#advance()
        return this.#ordered(kind, left, this.#unary())
      case 'NOT':
        this.#advance()
        return this.#namedOperator(left, true)
      case 'CONTAINS':
      case 'STARTSWITH':
      case 'ENDSWITH':
      case 'BETWEEN':
      case 'IN':
        return this.#namedOperator(left, false)
      default:
        return undefined
    }
  }

  #namedOperator(left: Expression, isNegated: boolean): Condition {
    const { kind } = this.#token
    switch (kind) {
      case 'CONTAINS':
      case 'STARTSWITH':
      case 'ENDSWITH':
        this.#advance()
        return this.#textTest(kind, left, isNegated)
      case 'BETWEEN':
        this.#advance()
        return this.#between(left, isNegated)
      case 'IN':
        this.#advance()
        return this.#isIn(left, isNegated)
      default:
        throw this.#unexpected('CONTAINS, STARTSWITH, ENDSWITH, BETWEEN or IN')
    }
  }

  #ordered(operator: OrderOperator, left: Expression, right: Expression): Condition {
    this.#require(flawAsOrdered(left), left)
    this.#require(flawAsOrdered(right), right)
    return ordered(operator, left, right)
  }

  #textTest(operator: TextOperator, left: Expression, isNegated: boolean): Condition {
    return textTest(operator, left, this.#string(), isNegated)
  }

  #between(left: Expression, isNegated: boolean): Condition {
    const low = this.#unary()
    this.#expect('AND', 'AND')
    const high = this.#unary()
    if (isNegated) return or([this.#ordered('<', left, low), this.#ordered('>', left, high)])
    this.#require(flawAsRange(low, high), low)
    return and([this.#ordered('>=', left, low), this.#ordered('<=', left, high)])
  }

  #isIn(left: Expression, isNegated: boolean): Condition {
    this.#expect('(', '(')
    const members = [this.#string()]
    while (this.#accept(',')) members.push(this.#string())
    this.#expect(')', ', or )')
    if (left.kind !== 'property') {
      throw this.#refusal('FILTER_OPERAND', 'only a property can be IN a list', left.start)
    }
    return isIn(left, members, isNegated)
  }

  #unary(): Expression {
    const { start } = this.#token
    if (this.#accept('+')) return this.#nested(start, () => this.#unary())
    if (this.#accept('-')) {
      return this.#bounded(
        minus(
          this.#nested(start, () => this.#unary()),
          start,
        ),
      )
    }
    if (this.#accept('NOT')) {
      return this.#bounded(not(this.#condition(this.#nested(start, () => this.#unary()))))
    }
    return this.#primary()
  }

  #primary(): Expression {
    const token = this.#token
    const { kind, start, text } = token
    switch (kind) {
      case 'STRING':
        return literal(this.#string(), start)
      case 'INTEGER':
        this.#advance()
        return literal(this.#integer(token), start)
      case 'FLOAT':
        this.#advance()
        return literal(this.#float(token), start)
      case 'TRUE':
      case 'FALSE':
        this.#advance()
        return literal(kind === 'TRUE', start)
      case 'NULL':
        this.#advance()
        return literal(null, start)
      case 'NAME':
        this.#advance()
        return property(this.#indexOf(text), start)
      case '(': {
        this.#advance()
        const inner = this.#nested(start, () => this.#or())
        this.#expect(')', ')')
        return inner
      }
      default:
        throw this.#unexpected('a property, a literal or (')
    }
  }

  #indexOf(name: string): number {
    const index = this.#names.get(name) ?? this.#names.size
    this.#names.set(name, index)
    return index
  }

  #string(): string {
    const { text } = this.#expect('STRING', "a string in '...'")
    return text.slice(1, -1).replaceAll("''", "'")
  }

  #integer({ text, start }: Token): JavaNumber {
    const digits = text.replace(/l$/i, '')
    const small = javaInt(digits)
    if (small !== undefined) return { type: 'int', value: small }
    const value = javaLong(digits)
    if (value !== undefined) return { type: 'long', value }
    throw this.#refusal('FILTER_OPERAND', 'a whole number of more than 64 bits', start)
  }

  /** RocketMQ takes the least positive double for the least of all, and so refuses zero. */
  #float({ text, start }: Token): JavaNumber {
    const value = Number(text)
    if (value >= Number.MIN_VALUE && value <= Number.MAX_VALUE) return { type: 'double', value }
    const why = value === 0 ? 'a number with a point or exponent that is 0' : 'a number too large'
    throw this.#refusal('FILTER_OPERAND', why, start)
  }

  #condition(expression: Expression): Condition {
    const condition = asCondition(expression)
    if (condition !== undefined) return condition
    const why = 'a condition is wanted, not a value,'
    throw this.#refusal('FILTER_OPERAND', why, expression.start)
  }

  #nested<T>(start: number, parse: () => T): T {
    this.#depth += 1
    if (this.#depth > DEPTH_MAX) throw this.#tooDeep(start)
    const result = parse()
    this.#depth -= 1
    return result
  }

  #bounded<T extends Expression>(expression: T): T {
    if (expression.depth > DEPTH_MAX) throw this.#tooDeep(expression.start)
    return expression
  }

  #advance(): Token {
    const token = this.#token
    this.#token = this.#lexer.next()
    return token
  }

  #accept(kind: TokenKind): boolean {
    if (this.#token.kind !== kind) return false
    this.#advance()
    return true
  }

  #expect(kind: TokenKind, wanted: string): Token {
    if (this.#token.kind !== kind) throw this.#unexpected(wanted)
    return this.#advance()
  }

  #require(flaw: string | undefined, operand: Expression): void {
    if (flaw !== undefined) throw this.#refusal('FILTER_OPERAND', flaw, operand.start)
  }

  #unexpected(wanted: string): FilterError {
    const { kind, text, start } = this.#token
    const found = kind === 'END' ? 'the expression ends' : `${text} stands`
    return this.#refusal('FILTER_SYNTAX', `${found} where ${wanted} is wanted,`, start)
  }

  #tooDeep(start: number): FilterError {
    return this.#refusal('FILTER_TOO_DEEP', `more than ${DEPTH_MAX} levels of nesting`, start)
  }

  #refusal(code: FilterErrorCode, why: string, offset: number): FilterError {
    return new FilterError(code, why, this.#text, offset)
  }
}
