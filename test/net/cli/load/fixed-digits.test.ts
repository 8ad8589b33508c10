/** Goal: numbers that are patched into a frame are the numbers that were meant. */
import { expect, test } from 'vitest'
import {
  readDecimal,
  readDecimalRun,
  writeDecimal,
  writeHexadecimal,
} from '../../../../net/cli/load/fixed-digits.ts'

test.each([
  [0, 1, '0'],
  [7, 3, '007'],
  [9_999_999, 7, '9999999'],
  [1_795_233_623_639, 13, '1795233623639'],
])('%d in %d decimal digits is %s', (value, digitCount, text) => {
  const target = Buffer.from('x'.repeat(digitCount + 2))
  writeDecimal(target, 1, digitCount, value)
  expect(target.toString()).toBe(`x${text}x`)
  expect(readDecimal(target, 1, digitCount)).toBe(value)
})

test('a number that does not fit its digits is our own mistake', () => {
  expect(() => writeDecimal(Buffer.alloc(4), 0, 2, 100)).toThrowError('a number fits its digits')
})

test.each([
  [0, 4, '0000'],
  [0xbeef, 4, 'BEEF'],
  [0x1_0002, 4, '0002'],
  [0xffff_fffe, 8, 'FFFFFFFE'],
  [-1, 8, 'FFFFFFFF'],
])('the low bits of %d in %d hexadecimal digits are %s', (value, digitCount, text) => {
  const target = Buffer.alloc(digitCount)
  writeHexadecimal(target, 0, digitCount, value)
  expect(target.toString()).toBe(text)
})

test('what is no number reads as -1', () => {
  expect(readDecimal(Buffer.from('12a4'), 0, 4)).toBe(-1)
  expect(readDecimal(Buffer.from('12'), 0, 4)).toBe(-1)
  expect(readDecimalRun(Buffer.from('"'), 0, 1)).toBe(-1)
  expect(readDecimalRun(Buffer.from('12",'), 0, 4)).toBe(12)
  expect(readDecimalRun(Buffer.from('1234'), 0, 2)).toBe(12)
})
