/**
 * Goal: the scanner reads what the generic codec reads, and never reads something else.
 * Method: Java's frames, and random headers in every spelling, whole and damaged, go through both.
 */
import { describe, expect, test } from 'vitest'
import { SHORT_NAMES } from '../../../net/protocol/send-message.ts'
import { SendRequestView, scanSendRequest } from '../../../net/protocol/send-message-scanner.ts'
import { decodeFrame, encodeFrame } from '../../../net/remoting/command-codec.ts'
import type { RawFrame } from '../../../net/remoting/frame-splitter.ts'
import { createRequest, markOneway } from '../../../net/remoting/remoting-command.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { fixtureBytes, rawFrameOf } from '../raw-frame.ts'
import type { FieldKind } from './request-fuzz.ts'
import { damaged, jsonFrame, randomValue, spellHeader } from './request-fuzz.ts'
import { contentOf, decoded } from './send-request-content.ts'

const KINDS: Readonly<Record<string, FieldKind>> = {
  producerGroup: 'text',
  topic: 'text',
  defaultTopic: 'text',
  defaultTopicQueueNums: 'int32',
  queueId: 'int32',
  sysFlag: 'int32',
  bornTimestamp: 'int64',
  flag: 'int32',
  properties: 'escaped',
  reconsumeTimes: 'int32',
  unitMode: 'boolean',
  maxReconsumeTimes: 'int32',
  batch: 'boolean',
  bname: 'text',
}
const REQUIRED_COUNT = 8

const view = new SendRequestView()

/** The frame as the scanner sees it; undefined when it declines. */
function scanned(frame: RawFrame): object | undefined {
  return scanSendRequest(frame, view) ? contentOf(view) : undefined
}

function randomFrame(random: SeededRandom): Buffer {
  const code = random.pick([10, 310, 320])
  const names = Object.entries(SHORT_NAMES)
  const fields = new Map<string, { value: string; kind: FieldKind }>()
  for (const [index, [short, long]] of names.entries()) {
    if (index >= REQUIRED_COUNT && random.below(4) === 0) continue
    const kind = KINDS[long]!
    fields.set(code === 10 ? long : short, { value: randomValue(random, kind), kind })
  }
  const flag = random.pick([0, 2])
  const members = { code, flag, opaque: random.below(0x7fff_ffff), version: 513 }
  return jsonFrame(spellHeader(random, members, fields), random.bytes(random.below(20)))
}

describe.each([
  'send-message-10.json.frame',
  'send-message-10.rocketmq.frame',
  'send-message-v2-310.json.frame',
  'send-message-v2-310.rocketmq.frame',
])('%s', (name) => {
  test('is read as the generic codec reads it, a group beyond ASCII excepted', () => {
    const frame = rawFrameOf(fixtureBytes(name))!
    expect(scanned(frame)).toBeUndefined()
    const command = decodeFrame(frame)
    command.extFields.set(command.code === 10 ? 'producerGroup' : 'a', 'group')
    const ascii = rawFrameOf(encodeFrame(command))!
    expect(scanned(ascii)).toEqual(decoded(ascii))
    expect(decoded(ascii)).toMatchObject({ topic: 'TopicTest', queueId: 3, flag: 7 })
  })
})

test.each([1, 2, 3, 4])(
  'random headers are all read as the generic codec does (seed %i)',
  (seed) => {
    const random = new SeededRandom(seed)
    for (let round = 0; round < 500; round += 1) {
      const bytes = randomFrame(random)
      const frame = rawFrameOf(bytes)!
      expect(scanned(frame), `seed ${seed}, round ${round}: ${bytes.toString()}`).toEqual(
        decoded(frame),
      )
    }
  },
)

test.each([1, 2, 3, 4])('a damaged header is read alike or declined (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  let readCount = 0
  for (let round = 0; round < 2000; round += 1) {
    const frame = rawFrameOf(damaged(random, randomFrame(random)))!
    const result = scanned(frame)
    if (result === undefined) continue
    readCount += 1
    const why = `seed ${seed}, round ${round}: ${frame.buffer.toString()}`
    expect(result, why).toEqual(decoded(frame))
  }
  // Damage inside of texts and the body does no harm.
  expect(readCount).toBeGreaterThan(100)
})

test.each([1, 2])('binary headers are read as the generic codec does (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  for (let round = 0; round < 500; round += 1) {
    const json = decodeFrame(rawFrameOf(randomFrame(random))!)
    json.serializeType = 'ROCKETMQ'
    const whole = rawFrameOf(encodeFrame(json))!
    expect(scanned(whole), `seed ${seed}, round ${round}`).toEqual(decoded(whole))
    const broken = rawFrameOf(damaged(random, whole.buffer))!
    const result = scanned(broken)
    if (result !== undefined)
      expect(result, `seed ${seed}, round ${round}`).toEqual(decoded(broken))
  }
})

test.each(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])('a request without %s is declined', (name) => {
  const command = decodeFrame(rawFrameOf(fixtureBytes('send-message-v2-310.json.frame'))!)
  command.extFields.set('a', 'group')
  expect(scanned(rawFrameOf(encodeFrame(command))!)).toBeDefined()
  command.extFields.delete(name)
  expect(scanned(rawFrameOf(encodeFrame(command))!)).toBeUndefined()
})

test('other commands and responses are declined', () => {
  const command = decodeFrame(rawFrameOf(fixtureBytes('send-message-v2-310.json.frame'))!)
  command.extFields.set('a', 'group')
  for (const change of [{ code: 11 }, { code: 31 }, { flag: 1 }]) {
    expect(scanned(rawFrameOf(encodeFrame({ ...command, ...change }))!)).toBeUndefined()
  }
})

test('one-way is seen', () => {
  const { extFields } = decodeFrame(rawFrameOf(fixtureBytes('send-message-v2-310.json.frame'))!)
  extFields.set('a', 'group')
  const frame = rawFrameOf(encodeFrame(markOneway(createRequest(310, { extFields }))))!
  expect(scanned(frame)).toMatchObject({ isOneway: true })
})
