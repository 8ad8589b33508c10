/** Goal: everything that fastjson writes is read, nonsense is refused, and Maps go out its way. */
import { expect, test } from 'vitest'
import type { LooseValue } from '../../../net/protocol/loose-json.ts'
import { parseLooseJson, stringifyLooseJson } from '../../../net/protocol/loose-json.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

test.each<[string, LooseValue]>([
  ['{0:"a",1:"b"}', { 0: 'a', 1: 'b' }],
  ['{-1:2}', { '-1': 2 }],
  ["{'a':'it\\'s',b:\"x\"}", { a: "it's", b: 'x' }],
  ['{ a : [ 1 , 2.5e1 , null , true , false ] }', { a: [1, 25, null, true, false] }],
  ['{0:"\\u00fc\\x41\\n\\/"}', { 0: 'üA\n/' }],
  ['{{"q":0}:{}}', new Map<LooseValue, LooseValue>([[{ q: 0 }, {}]])],
  ['{a:{}}', { a: {} }],
  ['[{0:1},[]]', [{ 0: 1 }, []]],
])('%s is read', (text, value) => {
  expect(parseLooseJson(text)).toEqual(value)
})

test('a key __proto__ is a key like others', () => {
  const value = parseLooseJson('{__proto__:{0:1}}') as object
  expect(Object.keys(value)).toEqual(['__proto__'])
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
})

test.each([
  '',
  '{',
  '{0}',
  '{0:}',
  '{0:1',
  '{0:1 1:2}',
  '{0:1}x',
  '{0:1,0:2}',
  '[1 2]',
  "{0:'",
  "{0:'\\",
  'nul',
  '{0:undefined}',
  '{0:NaN}',
  `${'['.repeat(5000)}x`,
  `${'{0:'.repeat(5000)}1${'}'.repeat(5000)}`,
  `${'{'.repeat(5000)}`,
])('%s is refused with a code', (text) => {
  expect(() => parseLooseJson(text)).toThrow(
    expect.objectContaining({ code: 'PROTOCOL_BODY_INVALID' }),
  )
})

test('what JSON can say is written as JSON', () => {
  const value: LooseValue = { a: [1, 'ü"\u0001', null, true, { b: -1.5 }], 7: {}, c: [] }
  expect(stringifyLooseJson(value)).toBe(JSON.stringify(value))
})

test('a Map is written with its keys as they are', () => {
  const map = new Map<LooseValue, LooseValue>([
    [{ q: 0 }, [1]],
    [5, 'x'],
    ['name', null],
  ])
  expect(stringifyLooseJson(map)).toBe('{{"q":0}:[1],5:"x","name":null}')
})

test.each([1, 2])('random text is read or refused, never worse (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  const tokens = ['{', '}', '[', ']', ':', ',', '"a"', "'b'", 'c', '1', '-', '"', '\\', ' ', 'null']
  let readCount = 0
  for (let round = 0; round < 5000; round += 1) {
    let text = ''
    for (let left = 1 + random.below(9); left > 0; left -= 1) text += random.pick(tokens)
    try {
      parseLooseJson(text)
      readCount += 1
    } catch (error) {
      expect(error, `seed ${seed}: ${text}`).toMatchObject({ code: 'PROTOCOL_BODY_INVALID' })
    }
  }
  expect(readCount).toBeGreaterThan(10)
})
