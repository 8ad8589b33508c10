/** Goal: bodies are read with Java's tolerance, and refused with the path of what is wrong. */
import { expect, test } from 'vitest'
import {
  boolean,
  decodeBody,
  double,
  encodeBody,
  int32,
  int64,
  list,
  numberMap,
  object,
  objectKeyedMap,
  optional,
  text,
  textMap,
  withDefault,
} from '../../../net/protocol/json-shape.ts'

const Inner = object({ id: int32, name: text })
const Shape = object({
  flag: boolean,
  inner: optional(Inner),
  items: list(Inner),
  keyed: objectKeyedMap(Inner, int64),
  level: withDefault(int32, 5),
  long: int64,
  names: textMap(list(text)),
  numbers: numberMap(text),
  rate: double,
})

const decode = (json: string): unknown => decodeBody(Shape, Buffer.from(json))

const EMPTY = {
  flag: false,
  inner: undefined,
  items: [],
  keyed: [],
  level: 5,
  long: 0,
  names: new Map(),
  numbers: new Map(),
  rate: 0,
}

test.each(['{}', '{"unknown":{"x":[1]}}', '{"items":null,"level":null,"flag":null,"keyed":{}}'])(
  'what is missing in %s is what Java has then',
  (json) => {
    expect(decode(json)).toEqual(EMPTY)
  },
)

test('numbers and booleans may stand in quotes, keys bare or quoted or as JSON texts', () => {
  const json = `{"flag":"TRUE","level":"-3","long":"123456789012","rate":"1.5",
    numbers:{0:"a","1":"b"},"keyed":{{"id":1,"name":"x"}:2}}`
  expect(decode(json)).toEqual({
    ...EMPTY,
    flag: true,
    level: -3,
    long: 123456789012,
    rate: 1.5,
    numbers: new Map([
      [0, 'a'],
      [1, 'b'],
    ]),
    keyed: [[{ id: 1, name: 'x' }, 2]],
  })
  expect(decode('{"keyed":{"{\\"id\\":1,\\"name\\":\\"x\\"}":2}}')).toMatchObject({
    keyed: [[{ id: 1, name: 'x' }, 2]],
  })
})

test('longs beyond 2^53 saturate', () => {
  const largest = { long: Number.MAX_SAFE_INTEGER }
  expect(decode('{"long":9223372036854775807}')).toMatchObject(largest)
  expect(decode('{"long":"9223372036854775807"}')).toMatchObject(largest)
})

test.each([
  ['{"items":[{"id":1,"name":"a"},{"id":2}]}', 'PROTOCOL_FIELD_MISSING', 'items[1].name'],
  ['{"items":{}}', 'PROTOCOL_FIELD_INVALID', 'items'],
  ['{"items":[null]}', 'PROTOCOL_FIELD_MISSING', 'items[0]'],
  ['{"inner":{"name":"a","id":1.5}}', 'PROTOCOL_FIELD_INVALID', 'inner.id'],
  ['{"inner":{"name":{},"id":1}}', 'PROTOCOL_FIELD_INVALID', 'inner.name'],
  ['{"inner":[]}', 'PROTOCOL_FIELD_INVALID', 'inner'],
  ['{"level":[]}', 'PROTOCOL_FIELD_INVALID', 'level'],
  ['{"level":4294967296}', 'PROTOCOL_FIELD_INVALID', 'level'],
  ['{"rate":"fast"}', 'PROTOCOL_FIELD_INVALID', 'rate'],
  ['{"names":{"a":"x"}}', 'PROTOCOL_FIELD_INVALID', 'names.a'],
  ['{"numbers":{"a":"x"}}', 'PROTOCOL_FIELD_INVALID', 'numbers.a'],
  ['{"names":7}', 'PROTOCOL_FIELD_INVALID', 'names'],
  ['{"keyed":{"nonsense":1}}', 'PROTOCOL_BODY_INVALID', ''],
  ['[]', 'PROTOCOL_FIELD_INVALID', ''],
  ['null', 'PROTOCOL_FIELD_MISSING', ''],
  ['', 'PROTOCOL_BODY_INVALID', ''],
])('%s is refused: %s at %s', (json, code, field) => {
  expect(() => decode(json)).toThrow(expect.objectContaining({ code, field, responseCode: 1 }))
})

test('a body is written in the order of its members, maps by the kind of their keys', () => {
  const value = {
    ...EMPTY,
    inner: { name: 'n', id: 1 },
    keyed: [[{ id: 2, name: 'k' }, 3]] as [{ id: number; name: string }, number][],
    names: new Map([['a', ['x']]]),
    numbers: new Map([[0, 'z']]),
  }
  expect(encodeBody(Shape, value).toString()).toBe(
    '{"flag":false,"inner":{"id":1,"name":"n"},"items":[],"keyed":{{"id":2,"name":"k"}:3},' +
      '"level":5,"long":0,"names":{"a":["x"]},"numbers":{"0":"z"},"rate":0}',
  )
})
