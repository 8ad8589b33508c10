import { expect, test } from 'vitest'
import {
  DECIMAL_BYTES_MAX,
  readDecimal,
  readDecimalInt32,
  writeDecimal,
} from '../../../net/protocol/decimal.ts'

const NUMBERS = [0, 1, -1, 9, 10, 99, 100, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 32, 2 ** 53 - 1]

test.each([...NUMBERS, -(2 ** 53 - 1)])('%i is written in its shortest form', (value) => {
  const buffer = Buffer.alloc(DECIMAL_BYTES_MAX + 2, '.')
  const end = writeDecimal(buffer, 1, value)
  expect(buffer.toString('latin1', 0, end)).toBe(`.${value}`)
  expect(end - 1).toBeLessThanOrEqual(DECIMAL_BYTES_MAX)
  expect(buffer[end]).toBe('.'.charCodeAt(0))
})

test.each(['0', '7', '-7', '123456789012345', '-999999999999999'])('%s is read', (text) => {
  expect(readDecimal(Buffer.from(text), 0, text.length)).toBe(Number(text))
})

test.each(['', '-', '-0', '00', '01', '-01', '+1', '1.5', '1e3', ' 1', '1 ', '1234567890123456'])(
  'the unusual "%s" is not read',
  (text) => {
    expect(readDecimal(Buffer.from(text), 0, text.length)).toBeNaN()
  },
)

test.each([
  ['2147483647', 2147483647],
  ['-2147483648', -2147483648],
  ['2147483648', Number.NaN],
  ['-2147483649', Number.NaN],
])('%s as an int is %d', (text, value) => {
  expect(readDecimalInt32(Buffer.from(text), 0, text.length)).toBe(value)
})
