/**
 * Goal: headers are read and written as RocketMQ does; damaged ones are refused with a code.
 * Method: Java's frames, round trips, every truncation, random bytes.
 */
import { describe, expect, test } from 'vitest'
import { decodeFrame, encodeFrame } from '../../../net/remoting/command-codec.ts'
import { decodeHeaderBinary, encodeHeaderBinary } from '../../../net/remoting/header-binary.ts'
import { decodeHeaderJson, encodeHeaderJson } from '../../../net/remoting/header-json.ts'
import {
  createRequest,
  createResponse,
  isOneway,
  isResponse,
  markOneway,
} from '../../../net/remoting/remoting-command.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { fixtureBytes, rawFrameOf } from '../raw-frame.ts'

const invalidHeader = expect.objectContaining({ code: 'REMOTING_HEADER_INVALID' })

function json(text: string): ReturnType<typeof decodeHeaderJson> {
  const bytes = Buffer.from(text)
  return decodeHeaderJson(bytes, 0, bytes.length)
}

describe.each([
  'pull-message-11',
  'pull-message-response',
  'query-message-12',
  'send-message-10',
  'send-message-response',
  'send-message-v2-310',
])('%s', (name) => {
  const jsonFrame = decodeFrame(rawFrameOf(fixtureBytes(`${name}.json.frame`))!)
  const binaryFrame = decodeFrame(rawFrameOf(fixtureBytes(`${name}.rocketmq.frame`))!)

  test('says the same in both encodings', () => {
    expect(binaryFrame).toEqual({ ...jsonFrame, serializeType: 'ROCKETMQ' })
    expect(jsonFrame.language).toBe('JAVA')
    expect(jsonFrame.version).toBe(513)
    expect(jsonFrame.extFields.size).toBeGreaterThan(4)
  })

  test('is written byte by byte as Java wrote it', () => {
    expect(encodeFrame(binaryFrame)).toEqual(fixtureBytes(`${name}.rocketmq.frame`))
    expect(encodeFrame(jsonFrame)).toEqual(fixtureBytes(`${name}.json.frame`))
  })
})

test('what other peers write is read', () => {
  const command = json(
    '{"opaque":3,"code":310,"new":{"x":[1]},"extFields":{"d":4,"k":false,"n":null,"x":{"y":1}}}',
  )
  expect(command).toMatchObject({ code: 310, opaque: 3, version: 0, flag: 0, remark: undefined })
  expect([...command.extFields]).toEqual([
    ['d', '4'],
    ['k', 'false'],
    ['x', '{"y":1}'],
  ])
})

test('a key __proto__ is a field like others', () => {
  const command = json('{"code":1,"extFields":{"__proto__":"x"}}')
  expect([...command.extFields]).toEqual([['__proto__', 'x']])
  expect(encodeHeaderJson(command)).toContain('"__proto__":"x"')
})

test.each([
  '',
  '{',
  '[]',
  'null',
  '7',
  '{"code":"x"}',
  '{"code":1.5}',
  '{"code":4294967296}',
  '{"code":{}}',
  '{"opaque":true}',
  '{"extFields":[]}',
  '{"extFields":"x"}',
  '{"code":1}x',
  '\u0000',
])('the JSON header %j is refused', (text) => {
  expect(() => json(text)).toThrow(invalidHeader)
})

test('a JSON header beyond the bound is refused before it is parsed', () => {
  const text = `{"code":1,"remark":"${'x'.repeat(1 << 20)}"}`
  expect(() => json(text)).toThrow(invalidHeader)
})

test.each([1, 2])('random headers survive both encodings (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  const texts = ['', 'a', 'ü€𝄞', '"\\\n\u0001\u0002\u2028', 'x'.repeat(300)]
  for (let round = 0; round < 300; round += 1) {
    const command = createRequest(random.below(0x8000), {
      remark: random.pick([undefined, 'r', 'ü\n']),
      body: random.bytes(random.below(9)),
    })
    command.opaque = random.below(0xffff_ffff) - 0x8000_0000
    command.flag = random.below(4)
    command.version = random.below(600)
    command.language = random.pick(['JAVA', 'CPP', 'OTHER', 'NODE_JS'])
    for (let left = random.below(6); left > 0; left -= 1) {
      command.extFields.set(`name${random.below(99)}`, random.pick(texts))
    }
    for (const serializeType of ['JSON', 'ROCKETMQ'] as const) {
      const sent = { ...command, serializeType }
      const read = decodeFrame(rawFrameOf(encodeFrame(sent))!)
      expect(read, `seed ${seed}, round ${round}`).toEqual(sent)
    }
  }
})

test('a binary header with any of its last bytes missing is refused', () => {
  const extFields = new Map([
    ['topic', 'ü'],
    ['queueId', '1'],
  ])
  const header = encodeHeaderBinary(createRequest(10, { remark: 'why', extFields }, 'ROCKETMQ'))
  expect(decodeHeaderBinary(header, 0, header.length).extFields).toEqual(extFields)
  for (let length = 0; length < header.length; length += 1) {
    expect(() => decodeHeaderBinary(header, 0, length), `${length} bytes`).toThrow(invalidHeader)
  }
})

test.each([1, 2, 3])('random binary headers are read or refused, never worse (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  const whole = encodeHeaderBinary(
    createRequest(10, { remark: 'r', extFields: new Map([['a', 'b']]) }, 'ROCKETMQ'),
  )
  for (let round = 0; round < 2000; round += 1) {
    const bytes = Buffer.from(whole)
    for (let left = 1 + random.below(3); left > 0; left -= 1) {
      bytes[random.below(bytes.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)])
    }
    try {
      decodeHeaderBinary(bytes, 0, bytes.length)
    } catch (error) {
      expect(error, `seed ${seed}, round ${round}`).toEqual(invalidHeader)
    }
  }
})

test('a code that the binary header cannot carry is refused, not cut', () => {
  expect(() => encodeFrame(createRequest(200_050, {}, 'ROCKETMQ'))).toThrow(invalidHeader)
  expect(decodeFrame(rawFrameOf(encodeFrame(createRequest(200_050)))!).code).toBe(200_050)
})

test('a language that Java does not know is OTHER', () => {
  const command = createRequest(1, {}, 'ROCKETMQ')
  command.language = 'COBOL'
  const bytes = encodeHeaderBinary(command)
  expect(decodeHeaderBinary(bytes, 0, bytes.length).language).toBe('OTHER')
})

test('a response answers its request in kind', () => {
  const request = createRequest(10, {}, 'ROCKETMQ')
  request.opaque = 77
  const response = createResponse(request, 1, { remark: 'no' })
  expect(response).toMatchObject({ code: 1, opaque: 77, remark: 'no', serializeType: 'ROCKETMQ' })
  expect(isResponse(response)).toBe(true)
  expect(isResponse(request)).toBe(false)
  expect(isOneway(request)).toBe(false)
  expect(isOneway(markOneway(request))).toBe(true)
  expect(isResponse(request)).toBe(false)
})
