/** Goal: the shortcut through a header's bytes says what the JSON says. */
import { expect, test } from 'vitest'
import {
  isQueueEnd,
  ResponseHeader,
  readNextBeginOffset,
} from '../../../../net/cli/load/response-header.ts'

function read(header: ResponseHeader, text: string): [number, number, string] {
  const before = '},"opaque":7777777,'
  const bytes = Buffer.from(before + text)
  header.read(bytes, before.length, bytes.length)
  return [header.code, header.opaque, header.remark]
}

const SENT =
  '{"code":0,"extFields":{"queueId":"2","msgId":"7F0","queueOffset":"0"},"flag":1,' +
  '"language":"JAVA","opaque":1000005,"serializeTypeCurrentRPC":"JSON","version":513}'

test.each([
  ['as the Java broker writes it', SENT, [0, 1_000_005, '']],
  ['with a remark', SENT.replace('"serial', '"remark":"FOUND","serial'), [0, 1_000_005, '']],
  ['with blanks', SENT.replaceAll(':', ' : '), [0, 1_000_005, '']],
  ['in another order', '{"opaque":1000005,"code":0}', [0, 1_000_005, '']],
  [
    'with an error',
    '{"code":17,"flag":1,"opaque":1000005,"remark":"no topic","version":513}',
    [17, 1_000_005, 'no topic'],
  ],
  ['with a short opaque', '{"code":0,"opaque":12}', [0, 12, '']],
  ['without an opaque', '{"code":0,"flag":1}', [0, 0, '']],
])('a header %s', (_, text, expected) => {
  expect(read(new ResponseHeader(), text)).toEqual(expected)
})

test('headers of different shapes follow one another', () => {
  const header = new ResponseHeader()
  const long = SENT.replace('"serial', '"remark":"a \\"opaque\\":1","serial')
  expect(read(header, SENT)[1]).toBe(1_000_005)
  expect(read(header, long)[1]).toBe(1_000_005)
  expect(read(header, '{"code":1,"opaque":1000009}')).toEqual([1, 1_000_009, ''])
  expect(read(header, SENT.replace('1000005', '1000006'))).toEqual([0, 1_000_006, ''])
})

test('a header that is no JSON ends the connection', () => {
  expect(() => read(new ResponseHeader(), '{"code":1')).toThrowError(
    expect.objectContaining({ code: 'REMOTING_HEADER_INVALID' }),
  )
})

test('the offset to go on with is found', () => {
  const bytes = Buffer.from('{"extFields":{"nextBeginOffset":"132","maxOffset":"1000"}}')
  expect(readNextBeginOffset(bytes, 0, bytes.length)).toBe(132)
  expect(readNextBeginOffset(bytes, 20, bytes.length)).toBe(-1)
})

test.each([
  [0, false],
  [1, false],
  [19, true],
  [20, true],
  [21, true],
  [26, false],
])('code %d is the end of a queue: %s', (code, expected) => {
  expect(isQueueEnd(code)).toBe(expected)
})
