/**
 * Goal: properties are those that the codec reads, whatever was read before.
 * Method: messages that share names and values, or almost, in random orders, and broken ones.
 */
import { expect, test } from 'vitest'
import { decodeProperties } from '../../../engine/format/properties-codec.ts'
import { PropertyReader } from '../../../net/client/property-reader.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

const TEXTS = [
  'UNIQ_KEY\u00017F01\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002',
  'UNIQ_KEY\u00017F02\u0002WAIT\u0001true\u0002TAGS\u0001TagAB\u0002',
  'UNIQ_KEY\u00017F02\u0002WAIT\u0001true\u0002TAGS\u0001TagA',
  'UNIQ_KEY\u00017F02\u0002WAI\u0001true\u0002TAGS\u0001Tag\u0002',
  'WAIT\u0001true\u0002UNIQ_KEY\u00017F03\u0002',
  'a\u0001\u00c3\u0002b\u0001\ud83d\ude00\u0002',
  'a\u0001\u00c3\u00a4\u0002\u00e4\u0001x\u0002',
  'b\u0001\u00e4\u0002c\u0001x',
  'b\u0001\u00e4\u0002c\u0001y',
  'b\u0001\u00e4\u0002\u0001yx',
  'a\u0001x\u0001y\u0002a\u0001z\u0002',
  'a\u0001\u0002b\u0001x\u0002',
  'a\u0002b\u0001x\u0002',
  '\u0001a\u0002b\u0001x\u0002',
  'a\u0001x\u0002b\u0001',
  'a\u0001x\u0002b',
  '\u0002\u0002',
  '',
]

test('agrees with the codec in any order, in one buffer', () => {
  const random = new SeededRandom(23)
  const texts = Array.from({ length: 3000 }, () => TEXTS[random.below(TEXTS.length)]!)
  const parts = texts.map((text) => Buffer.from(text))
  const buffer = Buffer.concat(parts)
  const reader = new PropertyReader(buffer)
  let start = 0
  for (const part of parts) {
    const end = start + part.length
    const read = [...reader.read(start, end)]
    expect(read).toEqual([...decodeProperties(buffer, start, end)])
    start = end
  }
})

test('agrees with the codec on bytes of any kind', () => {
  const random = new SeededRandom(24)
  const alphabet = Buffer.from([1, 2, 1, 2, 0x61, 0x62, 0xc3, 0xa4, 0xff, 0])
  const buffer = Buffer.from(
    Array.from({ length: 20_000 }, () => alphabet[random.below(alphabet.length)]!),
  )
  const reader = new PropertyReader(buffer)
  for (let start = 0; start < buffer.length; ) {
    const end = Math.min(buffer.length, start + random.below(12))
    expect([...reader.read(start, end)]).toEqual([...decodeProperties(buffer, start, end)])
    start = end + 1
  }
})
