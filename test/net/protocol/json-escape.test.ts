/** Goal: escapes mean in bytes what they mean to JSON.parse and JSON.stringify. */
import { expect, test } from 'vitest'
import {
  ESCAPED_BYTES_PER_BYTE,
  escapeBytes,
  escapeJson,
  unescapeJson,
} from '../../../net/protocol/json-escape.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { randomText } from './request-fuzz.ts'

function unescaped(inside: string): string {
  const source = Buffer.from(inside)
  const target = Buffer.alloc(source.length)
  return target.toString('utf8', 0, unescapeJson(source, 0, source.length, target, 0))
}

test.each([
  'plain',
  '\\u0001a\\u0002',
  '\\"\\\\\\/\\b\\f\\n\\r\\t',
  '\\u00fc\\u20AC\\ud834\\udd1e',
  'ü€𝄞',
  'half \\ud834 a pair',
  'half \\udd1e a pair',
  '\\ud834\\u0041',
  '\\ud834\\ud834\\udd1e',
])('%s is what JSON.parse reads', (inside) => {
  const parsed = Buffer.from(JSON.parse(`"${inside}"`) as string).toString()
  expect(unescaped(inside)).toBe(parsed)
})

test.each([1, 2, 3])('what is escaped is read back (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  for (let round = 0; round < 300; round += 1) {
    const text = randomText(random, 'escaped')
    const source = Buffer.from(text)
    const target = Buffer.alloc(source.length * ESCAPED_BYTES_PER_BYTE)
    const inside = target.toString('utf8', 0, escapeJson(source, 0, source.length, target, 0))
    expect(JSON.parse(`"${inside}"`), `seed ${seed}, round ${round}`).toBe(text)
    expect(unescaped(inside)).toBe(text)
  }
})

test.each([
  ['\\n', 2],
  ['\\u12aF', 6],
  ['\\u12a', 0],
  ['\\u12ag', 0],
  ['\\x', 0],
  ['\\', 0],
])('the escape %s has %i bytes', (text, bytes) => {
  const buffer = Buffer.from(text)
  expect(escapeBytes(buffer, 0, buffer.length)).toBe(bytes)
})
