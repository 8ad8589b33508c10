/** Goal: a broker's registration is read and written as Java does, plain and deflated. */
import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import {
  bodyCrc32,
  decodeRegisterBrokerBody,
  encodeRegisterBrokerBody,
} from '../../../net/protocol/register-broker-body.ts'
import { fixtureBytes } from '../raw-frame.ts'

const VERSION = 513
const V4_9_VERSION = 400

const plain = fixtureBytes('register-broker-103.json')
const deflated = fixtureBytes('register-broker-compressed-103.bin')
const invalidBody = expect.objectContaining({ code: 'PROTOCOL_BODY_INVALID' })

function decode(body: Buffer, version = VERSION): ReturnType<typeof decodeRegisterBrokerBody> {
  return decodeRegisterBrokerBody(body, { compressed: true, version })
}

test('the deflated body says what the plain one says, mapping version excepted', () => {
  const fromPlain = decodeRegisterBrokerBody(plain, { compressed: false, version: VERSION })
  const { topicConfigSerializeWrapper } = fromPlain
  expect([...topicConfigSerializeWrapper.topicConfigTable.keys()]).toEqual([
    'TopicTest',
    '%RETRY%consumers',
  ])
  expect(decode(deflated)).toEqual({
    ...fromPlain,
    topicConfigSerializeWrapper: { ...topicConfigSerializeWrapper, mappingDataVersion: undefined },
  })
})

test('what is deflated here is read back, with mappings from V5_0_0 on', () => {
  const body = decode(deflated)
  body.topicConfigSerializeWrapper.topicQueueMappingInfoMap.set('Static', {
    bname: 'broker-a',
    currIdMap: new Map([[0, 3]]),
    dirty: false,
    epoch: 7,
    scope: undefined,
    topic: 'Static',
    totalQueues: 8,
  })
  const written = encodeRegisterBrokerBody(body, true)
  expect(decode(written)).toEqual(body)
  const old = decode(written, V4_9_VERSION)
  expect(old.topicConfigSerializeWrapper.topicQueueMappingInfoMap.size).toBe(0)
  expect(encodeRegisterBrokerBody(decode(deflated), false)).toBeInstanceOf(Buffer)
})

test.each<[string, Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['no zlib', Buffer.from('nonsense')],
  ['half of it', deflated.subarray(0, deflated.length / 2)],
  ['a length that is too large', deflateSync(Buffer.from('7fffffff00', 'hex'))],
  ['a negative length', deflateSync(Buffer.from('ffffffff', 'hex'))],
  ['no length', deflateSync(Buffer.from('0000', 'hex'))],
])('a deflated body that is %s is refused', (_name, body) => {
  expect(() => decode(body)).toThrow(invalidBody)
})

test('a topic config without all of its fields is refused', () => {
  const version = Buffer.from('{"counter":1}')
  const line = Buffer.from('TopicTest 4 4')
  const length = (bytes: number): Buffer => Buffer.from([0, 0, 0, bytes])
  const parts = [length(version.length), version, length(1), length(line.length), line]
  expect(() => decode(deflateSync(Buffer.concat(parts)))).toThrow(invalidBody)
})

test('the check sum is that of Java’s UtilAll.crc32', () => {
  // UtilAll.crc32("hello".getBytes())
  expect(bodyCrc32(Buffer.from('hello'))).toBe(907060870)
})
