/** Properties as Apache RocketMQ's MessageDecoder reads and writes them. */

import { describe, expect, it } from 'vitest'
import { PropertyName, RESERVED_PROPERTY_NAMES } from '../../../engine/format/message-const.ts'
import {
  decodeProperties,
  encodeProperties,
  findProperty,
  PropertyFinder,
  propertiesFromString,
  propertiesToString,
} from '../../../engine/format/properties-codec.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { golden } from './golden.ts'

describe('decodeProperties', () => {
  it.each(golden.propertyStrings)('reads what Java reads: $text', ({ text, properties }) => {
    expect(Object.fromEntries(propertiesFromString(text))).toEqual(properties)
    const buffer = Buffer.from(`\x01\x02${text}\x01x\x02`)
    const end = buffer.length - 3
    expect(Object.fromEntries(decodeProperties(buffer, 2, end))).toEqual(properties)
  })
})

describe('encodeProperties', () => {
  it.each(golden.propertyMaps)('writes what Java writes: $text', ({ properties, text }) => {
    const map = new Map(Object.entries(properties))
    expect(propertiesToString(map)).toBe(text)
    expect(encodeProperties(map)).toEqual(Buffer.from(text))
  })

  it('refuses what a reader would take apart', () => {
    expect(() => encodeProperties(new Map([['a\x01b', 'c']]))).toThrow(TypeError)
    expect(() => encodeProperties(new Map([['a\x02b', 'c']]))).toThrow(TypeError)
    expect(() => encodeProperties(new Map([['a', 'b\x02c']]))).toThrow(TypeError)
  })
})

describe('findProperty and PropertyFinder', () => {
  const names = ['a', 'b', 'c', 'KEYS', 'UNIQ_KEY', 'TAGS', 'näme', '世', 'ab', 'd']

  it.each(golden.propertyStrings)('find what Java reads: $text', ({ text, properties }) => {
    expectFound(text, new Map(Object.entries(properties)), names)
  })

  it('find what the decoder reads in any string', () => {
    const random = new SeededRandom(5)
    for (let round = 0; round < 5000; round++) {
      let text = ''
      for (let length = random.below(20); length > 0; length--) {
        text += random.pick(['a', 'b', 'ab', '\x01', '\x02', 'é'])
      }
      expectFound(text, propertiesFromString(text), ['a', 'b', 'ab', 'é', 'aa'])
    }
  })

  it('forget an earlier scan', () => {
    const finder = new PropertyFinder(['a'])
    const buffer = Buffer.from('a\x01b\x02')
    finder.scan(buffer, 0, buffer.length)
    expect(finder.has(0)).toBe(true)
    finder.scan(buffer, 0, 0)
    expect(finder.has(0)).toBe(false)
    expect([finder.startOf(0), finder.endOf(0)]).toEqual([-1, -1])
  })
})

/** Both look-ups give, for each name, exactly the value of the map. */
function expectFound(text: string, properties: Map<string, string>, names: string[]): void {
  const buffer = Buffer.from(`a\x01wrong\x02${text}\x02a\x01wrong`)
  const start = 8
  const end = start + Buffer.byteLength(text)
  const finder = new PropertyFinder(names)
  finder.scan(buffer, start, end)
  for (const [index, name] of names.entries()) {
    const range = { start: -1, end: -1 }
    const found = findProperty(buffer, start, end, Buffer.from(name), range)
    const expected = properties.get(name)
    const context = `${JSON.stringify(text)}, property ${name}`
    expect(found, context).toBe(expected !== undefined)
    expect(finder.has(index), context).toBe(found)
    if (!found) continue
    expect(buffer.toString('utf8', range.start, range.end), context).toBe(expected)
    expect(buffer.toString('utf8', finder.startOf(index), finder.endOf(index))).toBe(expected)
  }
}

describe('property names', () => {
  it('are those of MessageConst', () => {
    const own = Object.entries(PropertyName).map(([name, value]) => [withoutPrefix(name), value])
    const java = Object.entries(golden.propertyNames)
      .filter(([name]) => !/^(INDEX_|TIMER_ENGINE_|KEY_SEPARATOR)/.test(name))
      .map(([name, value]) => [withoutPrefix(name), value])
    expect(own.sort()).toEqual(java.sort())
  })

  it('are reserved where Java reserves them', () => {
    expect([...RESERVED_PROPERTY_NAMES].sort()).toEqual(golden.reservedPropertyNames)
  })
})

function withoutPrefix(name: string): string {
  return name.replace(/^PROPERTY_/, '')
}
