/**
 * Goal: numbers and sizes read as Java writes them.
 * Method: values with what Java 17 prints for them.
 */
import { expect, test } from 'vitest'
import { byteCountText, doubleText, durationText } from '../../../../net/broker/admin/java-text.ts'

test.each([
  [0, '0.0'],
  [226, '226.0'],
  [0.24, '0.24'],
  [199.5, '199.5'],
])('the double %d', (value, text) => {
  expect(doubleText(value)).toBe(text)
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [252 * 1024 ** 3, '252.0 GiB'],
])('the size %d', (bytes, text) => {
  expect(byteCountText(bytes)).toBe(text)
})

test('a duration', () => {
  const durationMs = (((2 * 24 + 3) * 60 + 4) * 60 + 5) * 1000 + 999
  expect(durationText(durationMs)).toBe('[ 2 days, 3 hours, 4 minutes, 5 seconds ]')
})
