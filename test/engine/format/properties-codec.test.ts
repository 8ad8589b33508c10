/** Properties as Apache RocketMQ's MessageDecoder reads and writes them. */

import { describe, expect, it } from 'vitest'
import {
  KEY_SEPARATOR,
  PropertyName,
  RESERVED_PROPERTY_NAMES,
} from '../../../engine/format/message-const.ts'
import {
  decodeProperties,
  encodeProperties,
  findProperty,
  PropertyFinder,
  propertiesFromString,
  propertiesToString,
} from '../../../engine/format/properties-codec.ts'
import { reservedMemory } from '../../helpers/reserved-memory.ts'
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
    const expected = names.map((name) => properties[name])
    expect(findEach(text, names)).toEqual(expected)
    expect(findAll(text, names)).toEqual(expected)
  })

  it('find what the decoder reads in any string', () => {
    const random = new SeededRandom(5)
    for (let round = 0; round < 5000; round++) {
      let text = ''
      for (let length = random.below(20); length > 0; length--) {
        text += random.pick(['a', 'b', 'ab', '\x01', '\x02', 'é'])
      }
      const properties = propertiesFromString(text)
      const expected = { text, values: ['a', 'b', 'ab', 'é'].map((name) => properties.get(name)) }
      expect({ text, values: findEach(text, ['a', 'b', 'ab', 'é']) }).toEqual(expected)
      expect({ text, values: findAll(text, ['a', 'b', 'ab', 'é']) }).toEqual(expected)
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

/** Stands around the properties that are searched, to be found by who looks too far. */
const BEFORE = 'a\x01wrong\x02'
const AFTER = '\x02a\x01wrong'

function findEach(text: string, names: readonly string[]): (string | undefined)[] {
  const buffer = Buffer.from(BEFORE + text + AFTER)
  const end = buffer.length - AFTER.length
  const value = { start: -1, end: -1 }
  return names.map((name) => {
    if (!findProperty(buffer, BEFORE.length, end, Buffer.from(name), value)) return undefined
    return buffer.toString('utf8', value.start, value.end)
  })
}

function findAll(text: string, names: readonly string[]): (string | undefined)[] {
  const buffer = Buffer.from(BEFORE + text + AFTER)
  const finder = new PropertyFinder(names)
  finder.scan(buffer, BEFORE.length, buffer.length - AFTER.length)
  return names.map((_name, index) => {
    if (!finder.has(index)) return undefined
    return buffer.toString('utf8', finder.startOf(index), finder.endOf(index))
  })
}

describe('property names', () => {
  it('are those of MessageConst', () => {
    const java = Object.entries(golden.propertyNames)
      .filter(([name]) => !/^(INDEX_|TIMER_ENGINE_|KEY_SEPARATOR)/.test(name))
      .map(([name, value]) => [name.replace(/^PROPERTY_/, ''), value])
    expect(PropertyName).toEqual(Object.fromEntries(java))
    expect(KEY_SEPARATOR).toBe(golden.propertyNames['KEY_SEPARATOR'])
  })

  it('are reserved where Java reserves them', () => {
    expect(RESERVED_PROPERTY_NAMES).toEqual(new Set(golden.reservedPropertyNames))
  })
})

describe('PropertyFinder over properties in a row', () => {
  const ROOM_BYTES = 1024
  const names = ['TAGS', 'KEYS', 'UNIQ_KEY']
  const separators = ['\u0001', '\u0002']

  it.each([
    ['in linear memory', () => reservedMemory(PropertyFinder.MEMORY_BYTES + ROOM_BYTES)],
    ['elsewhere', () => undefined],
  ])('finds %s what a finder finds that saw nothing before', (_, reserve) => {
    const memory = reserve()
    const random = new SeededRandom(23)
    const finder = new PropertyFinder(names, memory)
    const room = memory?.allot(ROOM_BYTES) ?? Buffer.alloc(ROOM_BYTES)
    const pieces = [...names, ...separators, ...separators, 'TAGX', 'v', 'value', '\0']
    const part = () => random.pick(pieces)
    let text = ''
    for (let round = 0; round < 4000; round += 1) {
      // Mostly the one before with another character somewhere: names, values and separators.
      const at = random.below(text.length + 1)
      const changed = `${text.slice(0, at)}${part().slice(0, 1)}${text.slice(at + 1)}`
      const isNew = text.length > 60 || random.below(10) === 0
      text = isNew ? Array.from({ length: random.below(10) }, part).join('') : changed
      const start = random.below(6)
      const end = room.write(`${'\u0001'.repeat(start)}${text}`)
      const fresh = new PropertyFinder(names)
      finder.scan(room, start, end)
      fresh.scan(room, start, end)
      expect(finder.positions()).toEqual(fresh.positions())
    }
  })

  it('takes properties that are longer than it remembers, and many', () => {
    const finder = new PropertyFinder(names)
    const long = Buffer.from(`TAGS\u0001${'t'.repeat(2000)}\u0002KEYS\u0001k\u0002`)
    const many = Buffer.from(`${'a\u0001b\u0002'.repeat(40)}KEYS\u0001k\u0002`)
    for (const bytes of [long, long, many, many]) {
      finder.scan(bytes, 0, bytes.length)
      expect(bytes.toString('utf8', finder.startOf(1), finder.endOf(1))).toBe('k')
    }
  })
})
