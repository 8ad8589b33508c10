/** Goal: what a person writes is understood, or named. */
import { expect, test } from 'vitest'
import {
  addressArgument,
  addressesArgument,
  bytesArgument,
  durationArgument,
  integerArgument,
  portArgument,
  repeated,
} from '../../../net/cli/arguments.ts'

const INVALID = expect.objectContaining({ code: 'commander.invalidArgument' })

test.each([
  ['10', 10_000],
  ['10s', 10_000],
  ['1.5s', 1500],
  ['250ms', 250],
  ['2m', 120_000],
  ['1h', 3_600_000],
])('the time %s', (text, ms) => {
  expect(durationArgument(text)).toBe(ms)
})

test.each(['', 's', '10 s', '-1s', '1d'])('%j is no time', (text) => {
  expect(() => durationArgument(text)).toThrowError(INVALID)
})

test.each([
  ['128', 128],
  ['128B', 128],
  ['4k', 4096],
  ['4KiB', 4096],
  ['1mib', 1_048_576],
])('the size %s', (text, bytes) => {
  expect(bytesArgument(text)).toBe(bytes)
})

test.each(['', 'k', '1.5k', '-1', '1GB'])('%j is no size', (text) => {
  expect(() => bytesArgument(text)).toThrowError(INVALID)
})

test('integers have bounds', () => {
  expect(integerArgument(1, 5)('5')).toBe(5)
  expect(portArgument('0')).toBe(0)
  for (const text of ['0', '6', '1.5', 'x', '', ' 3', '0x2', '1e0']) {
    expect(() => integerArgument(1, 5)(text), text).toThrowError(
      'It must be an integer from 1 to 5.',
    )
  }
  expect(() => integerArgument(1)('0')).toThrowError('It must be an integer from 1.')
  expect(() => portArgument('65536')).toThrowError(INVALID)
})

test('addresses are host and port', () => {
  expect(addressArgument('a.example:1')).toBe('a.example:1')
  expect(addressArgument('[::1]:9876')).toBe('[::1]:9876')
  expect(addressesArgument('a:1; b:2,c:3')).toBe('a:1;b:2;c:3')
  for (const text of ['a', 'a:', ':1', 'a:1;b', '', '::1:9876']) {
    expect(() => addressesArgument(text), text).toThrowError('It must be host:port.')
  }
})

test('a repeated option keeps all its values', () => {
  const read = repeated(integerArgument(1))
  expect(read('2', read('1', []))).toEqual([1, 2])
})
