import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FilterError } from '../../../net/filter/filter-error.ts'
import { SqlFilter } from '../../../net/filter/sql-filter.ts'
import { NotComparable } from '../../../net/filter/value.ts'

interface Golden {
  readonly properties: readonly Readonly<Record<string, string>>[]
  /** What each set of properties gives: `t`, `f`, `n` or `e`. */
  readonly accepted: Readonly<Record<string, string>>
  readonly refused: readonly string[]
}

const golden = JSON.parse(
  readFileSync('test/fixtures/filters/filters-5.5.0.json', 'utf8'),
) as Golden

test('every expression that RocketMQ compiles gives what it gives there', () => {
  const expressions = Object.entries(golden.accepted)
  expect(expressions.length).toBeGreaterThan(3000)
  const differences: string[] = []
  for (const [expression, results] of expressions) {
    const got = resultsOf(expression)
    if (got !== results)
      differences.push(`${JSON.stringify(expression)}: ${describe(got, results)}`)
  }
  expect(differences).toEqual([])
})

test('every expression that RocketMQ refuses is refused, with its place', () => {
  expect(golden.refused.length).toBeGreaterThan(2000)
  for (const expression of golden.refused) {
    const error = refusalOf(expression)
    expect(error, expression).toBeInstanceOf(FilterError)
    const { line, column } = error as FilterError
    expect(line).toBeLessThanOrEqual(expression.split(/\r\n|\n|\r/).length)
    expect(column).toBeGreaterThan(0)
    expect(column).toBeLessThanOrEqual(expression.length + 1)
  }
})

test.each([
  ['a and between 2 and 10', 'FILTER_SYNTAX', 7, 'between stands where a property, a literal or ('],
  ['a != 1', 'FILTER_SYNTAX', 3, 'unexpected character "!"'],
  ["a = 'open", 'FILTER_SYNTAX', 5, 'a string without its closing quote'],
  ['a = 1 /* open', 'FILTER_SYNTAX', 7, 'a comment without its end'],
  ['a >', 'FILTER_SYNTAX', 4, 'the expression ends where'],
  ['a not 5', 'FILTER_SYNTAX', 7, '5 stands where CONTAINS'],
  ['a contains 5', 'FILTER_SYNTAX', 12, "5 stands where a string in '...'"],
  ["a > 'north'", 'FILTER_OPERAND', 5, 'a string has no order'],
  ['a = NULL', 'FILTER_OPERAND', 5, 'write IS NULL'],
  ['b = 1 and a between 10 and 0', 'FILTER_OPERAND', 21, 'the upper bound is below the lower'],
  ["'x' in ('x')", 'FILTER_OPERAND', 1, 'only a property can be IN a list'],
  ['a = 1 and 5', 'FILTER_OPERAND', 11, 'a condition is wanted'],
  ['a = 9223372036854775808', 'FILTER_OPERAND', 5, 'more than 64 bits'],
  ['a = 0.0', 'FILTER_OPERAND', 5, 'that is 0'],
])('%s is refused with a reason and the column', (expression, code, column, why) => {
  const message = expect.stringContaining(why)
  expect(() => new SqlFilter(expression)).toThrow(
    expect.objectContaining({ code, column, message }),
  )
  expect(() => new SqlFilter(expression)).toThrow(expect.objectContaining({ line: 1 }))
})

test('the place in an expression of several lines has its line', () => {
  const message = expect.stringMatching(/ at line 3, column 5$/)
  expect(() => new SqlFilter('a = 1\r\nand\n b !')).toThrow(
    expect.objectContaining({ line: 3, column: 4, message: expect.any(String) }),
  )
  expect(() => new SqlFilter('a = 1\nand\nb = = 2')).toThrow(
    expect.objectContaining({ line: 3, column: 5, message }),
  )
})

test('text behind the expression has no effect, as in RocketMQ, but is told', () => {
  const filter = new SqlFilter("a = 'x' b = 'y'")
  expect(filter.ignoredColumn).toBe(9)
  expect(matches(filter, { a: 'x' })).toBe(true)
  expect(new SqlFilter("a = 'x' /* all of it */").ignoredColumn).toBeUndefined()
})

test('an expression names each property once and asks for no other', () => {
  const filter = new SqlFilter("(a > 1 or b > 1) and a < 9 and c is null and A = '1'")
  expect(filter.propertyNames).toEqual(['a', 'b', 'c', 'A'])
})

test('a message whose properties cannot be compared does not match', () => {
  const filter = new SqlFilter('a > 5')
  expect(() => evaluate(filter, { a: 'abc' })).toThrow(NotComparable)
  expect(matches(filter, { a: 'abc' })).toBe(false)
  expect(matches(filter, { a: '6' })).toBe(true)
})

test('a condition that is unknown does not match', () => {
  expect(matches(new SqlFilter('a > 5'), {})).toBe(false)
  expect(matches(new SqlFilter('not (a > 5)'), {})).toBe(false)
  expect(matches(new SqlFilter('a > 5 or b = 1'), { b: '1' })).toBe(true)
})

test.each([
  ['parentheses', '('.repeat(100_000)],
  ['signs', `a = ${'- '.repeat(100_000)}5`],
  ['negations', `${'not '.repeat(100_000)}a`],
  ['a chain of operators', `a${' is null'.repeat(100_000)}`],
])('an expression with too many levels of %s is refused, not run out of stack', (_, text) => {
  expect(() => new SqlFilter(text)).toThrow(expect.objectContaining({ code: 'FILTER_TOO_DEEP' }))
})

test('a long list of conditions is no depth', () => {
  const conditions = Array.from({ length: 50_000 }, (_, index) => `p${index} = ${index}`)
  const filter = new SqlFilter(conditions.join(' or '))
  expect(matches(filter, { p49999: '49999' })).toBe(true)
  expect(matches(filter, { p49999: '5' })).toBe(false)
})

function resultsOf(expression: string): string {
  const filter = new SqlFilter(expression)
  return golden.properties.map((properties) => letterOf(filter, properties)).join('')
}

function letterOf(filter: SqlFilter, properties: Readonly<Record<string, string>>): string {
  try {
    const value = evaluate(filter, properties)
    expect(matches(filter, properties)).toBe(value === true)
    return value === null ? 'n' : value ? 't' : 'f'
  } catch (error) {
    if (error instanceof NotComparable) return 'e'
    throw error
  }
}

function evaluate(filter: SqlFilter, properties: Readonly<Record<string, string>>): boolean | null {
  return filter.evaluate((index) => properties[filter.propertyNames[index]!] ?? null)
}

function matches(filter: SqlFilter, properties: Readonly<Record<string, string>>): boolean {
  return filter.matches((index) => properties[filter.propertyNames[index]!] ?? null)
}

/** The first set of properties with another result. */
function describe(got: string, wanted: string): string {
  const index = [...wanted].findIndex((letter, at) => letter !== got[at])
  const properties = JSON.stringify(golden.properties[index])
  return `${properties} gives ${got[index]}, in RocketMQ ${wanted[index]}`
}

function refusalOf(expression: string): unknown {
  try {
    return new SqlFilter(expression)
  } catch (error) {
    return error
  }
}
