/**
 * Goal: a generated send is what the Java client 5.5.0 sends, byte for byte.
 * Method: headers and bodies that a Java client put on the wire, with its key shortened to the form
 * that it has with an IPv4 address.
 */
import { expect, test } from 'vitest'
import {
  createSendTemplate,
  type SendShape,
  stampSend,
  stampTopic,
} from '../../../../net/cli/load/send-template.ts'
import { TopicNames } from '../../../../net/cli/load/topic-names.ts'
import { UNIQUE_KEY_BYTES, UniqueKeys } from '../../../../net/cli/load/unique-keys.ts'
import { rawFrameOf } from '../../raw-frame.ts'

const NOW_MS = new Date(2026, 10, 21, 4, 0, 23).getTime()
const SINGLE: SendShape = {
  topics: new TopicNames('CapTopic'),
  brokerName: 'bench-a',
  queueId: 2,
  producerGroup: 'bench_group',
  tag: 'TagA',
  bodyBytes: 12,
  batchCount: 1,
}
const JAVA_SINGLE =
  '{"code":310,"extFields":{"a":"bench_group","b":"CapTopic","c":"TBW102","d":"4","e":"2",' +
  '"f":"0","g":"BORN","h":"0","i":"UNIQ_KEY\\u0001KEY\\u0002WAIT\\u0001true\\u0002' +
  'TAGS\\u0001TagA\\u0002","j":"0","k":"false","m":"false","n":"bench-a"},"flag":0,' +
  '"language":"JAVA","opaque":1234567,"serializeTypeCurrentRPC":"JSON","version":513}'
const JAVA_BATCH =
  '{"code":320,"extFields":{"a":"bench_group","b":"CapTopic","c":"TBW102","d":"4","e":"2",' +
  '"f":"0","g":"BORN","h":"0","i":"UNIQ_KEY\\u0001KEY\\u0002WAIT\\u0001true\\u0002",' +
  '"j":"0","k":"false","m":"true","n":"bench-a"},"flag":0,"language":"JAVA",' +
  '"opaque":1234567,"serializeTypeCurrentRPC":"JSON","version":513}'

function stamped(shape: SendShape): { header: string; body: Buffer; keys: string[] } {
  const keys = new UniqueKeys(NOW_MS, 0x14da_d5dc)
  const template = createSendTemplate(shape, keys)
  // The frame stands somewhere in an arena.
  const frameAt = 5
  const arena = Buffer.concat([Buffer.alloc(frameAt), template.frame])
  stampSend(arena, frameAt, template, 1_234_567, NOW_MS, keys)
  const frame = rawFrameOf(arena.subarray(frameAt))
  if (frame === undefined) throw new Error('not one whole frame')
  const { buffer, headerStart, headerEnd, bodyEnd } = frame
  const found = template.uniqueKeysAt.map((at) =>
    buffer.toString('latin1', at, at + UNIQUE_KEY_BYTES),
  )
  return {
    header: buffer.toString('utf8', headerStart, headerEnd),
    body: buffer.subarray(headerEnd, bodyEnd),
    keys: found,
  }
}

test('a single send', () => {
  const { header, body, keys } = stamped(SINGLE)
  const [key = ''] = keys
  expect(header).toBe(
    JAVA_SINGLE.replace('BORN', String(NOW_MS)).replace('KEY\\u0002', `${key}\\u0002`),
  )
  expect(body.toString()).toBe('xxxxxxxxxxxx')
})

test('a batch', () => {
  const { header, body, keys } = stamped({ ...SINGLE, batchCount: 3 })
  expect(new Set(keys).size).toBe(4)
  const java = JAVA_BATCH.replace('BORN', String(NOW_MS))
  expect(header).toBe(java.replace('KEY\\u0002', `${keys[0]}\\u0002`))
  const messages = keys.slice(1).map((key) => {
    const properties = `UNIQ_KEY\u0001${key}\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002`
    const head = Buffer.alloc(20)
    head.writeInt32BE(34 + properties.length, 0)
    head.writeInt32BE(12, 16)
    const length = Buffer.from([0, properties.length])
    return Buffer.concat([head, Buffer.alloc(12, 'x'), length, Buffer.from(properties)])
  })
  expect(body).toEqual(Buffer.concat(messages))
})

test('an empty body, and a topic beyond ASCII', () => {
  const { header, body } = stamped({ ...SINGLE, bodyBytes: 0, topics: new TopicNames('Prüfung') })
  expect(header).toContain('"b":"Prüfung"')
  expect(body).toHaveLength(0)
})

test('one of many topics, by the digits at its end', () => {
  const topics = new TopicNames('Prüfung', 101)
  const keys = new UniqueKeys(NOW_MS, 1)
  const template = createSendTemplate({ ...SINGLE, topics }, keys)
  const frame = Buffer.from(template.frame)
  for (const index of [7, 100]) {
    stampTopic(frame, 0, template, index)
    expect(frame.toString()).toContain(`"b":"${topics.at(index)}","c"`)
  }
  expect([...topics].slice(-2)).toEqual(['Prüfung-099', 'Prüfung-100'])
  expect([...new TopicNames('T')]).toEqual(['T'])
})

test('a key names its host, process, time and number', () => {
  const keys = new UniqueKeys(NOW_MS, 0x14da_d5dc)
  const target = Buffer.alloc(UNIQUE_KEY_BYTES)
  keys.writePrefix(target, 0)
  keys.writeNext(target, 0, NOW_MS)
  const text = target.toString()
  expect(text).toMatch(/^[0-9A-F]{32}$/)
  expect(Number.parseInt(text.slice(8, 12), 16)).toBe(process.pid & 0xffff)
  expect(text.slice(12, 20)).toBe('14DAD5DC')
  const monthStartMs = new Date(2026, 10, 1).getTime()
  expect(Number.parseInt(text.slice(20, 28), 16)).toBe(NOW_MS - monthStartMs)
  expect(text.slice(28)).toBe('0000')
})

test('65,536 keys in one millisecond are all different', () => {
  const keys = new UniqueKeys(NOW_MS, 1)
  const target = Buffer.alloc(UNIQUE_KEY_BYTES)
  const seen = new Set<string>()
  for (let count = 0; count < 0x1_0000; count++) {
    keys.writeNext(target, 0, NOW_MS)
    seen.add(target.toString('latin1'))
  }
  expect(seen.size).toBe(0x1_0000)
})
