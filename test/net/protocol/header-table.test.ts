/** Goal: ext fields are read as Java's setters read them, with our errors. */
import { expect, test } from 'vitest'
import {
  decodeHeader,
  encodeHeaderFields,
  optional,
  required,
  withDefault,
} from '../../../net/protocol/header-table.ts'

const Table = {
  name: required('string'),
  count: required('int32'),
  offset: required('int64'),
  order: required('boolean'),
  note: optional('string'),
  limit: optional('int32'),
  force: withDefault('boolean', false),
} as const

const WHOLE = { name: 'n', count: '-7', offset: '123456789012', order: 'TRUE' }

function decode(fields: Record<string, string>): unknown {
  return decodeHeader(Table, new Map(Object.entries(fields)))
}

test('fields are read by their types, missing ones as their fallback', () => {
  expect(decode(WHOLE)).toEqual({
    name: 'n',
    count: -7,
    offset: 123456789012,
    order: true,
    note: undefined,
    limit: undefined,
    force: false,
  })
})

test.each(Object.keys(WHOLE))('without %s the header is refused by name', (name) => {
  const fields: Record<string, string> = { ...WHOLE }
  delete fields[name]
  expect(() => decode(fields)).toThrow(
    expect.objectContaining({ code: 'PROTOCOL_FIELD_MISSING', field: name, responseCode: 1 }),
  )
})

test.each([
  ['count', '2147483648'],
  ['count', '1.5'],
  ['count', 'x'],
  ['offset', '1e3'],
  ['limit', '0x10'],
])('%s of %s is refused by name', (field, value) => {
  expect(() => decode({ ...WHOLE, [field]: value })).toThrow(
    expect.objectContaining({ code: 'PROTOCOL_FIELD_INVALID', field }),
  )
})

test.each([
  ['9223372036854775807', Number.MAX_SAFE_INTEGER],
  ['-9223372036854775808', Number.MIN_SAFE_INTEGER],
])('the long %s saturates', (text, value) => {
  expect(decode({ ...WHOLE, offset: text })).toMatchObject({ offset: value })
})

test('empty text is missing for numbers and booleans, a text for strings', () => {
  expect(decode({ ...WHOLE, name: '', note: '', limit: '', force: '' })).toMatchObject({
    name: '',
    note: '',
    limit: undefined,
    force: false,
  })
})

test('what is encoded is decoded', () => {
  const header = { name: 'n', count: 1, offset: 2, order: false, limit: 5, force: true }
  const fields = encodeHeaderFields(Table, header)
  expect([...fields.keys()]).toEqual(['name', 'count', 'offset', 'order', 'limit', 'force'])
  expect(decodeHeader(Table, fields)).toEqual({ ...header, note: undefined })
  const { force: _, ...withoutDefault } = header
  expect(encodeHeaderFields(Table, withoutDefault).get('force')).toBe('false')
})
