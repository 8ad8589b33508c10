/**
 * Goal: the scanner reads what the generic codec reads, and never reads something else.
 * Method: Java's frames, and random headers in every spelling, whole and damaged, go through both.
 */
import { expect, test } from 'vitest'
import { decodeHeader } from '../../../net/protocol/header-table.ts'
import { unescapeJson } from '../../../net/protocol/json-escape.ts'
import { PullMessageRequestHeader } from '../../../net/protocol/pull-message.ts'
import {
  MAX_MSG_BYTES_UNSET,
  PullRequestView,
  scanPullRequest,
} from '../../../net/protocol/pull-message-scanner.ts'
import { decodeFrame, encodeFrame } from '../../../net/remoting/command-codec.ts'
import type { RawFrame } from '../../../net/remoting/frame-splitter.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { fixtureBytes, rawFrameOf } from '../raw-frame.ts'
import type { FieldKind } from './request-fuzz.ts'
import { damaged, jsonFrame, randomValue, spellHeader } from './request-fuzz.ts'

const view = new PullRequestView()

const KINDS: Readonly<Record<string, FieldKind>> = {
  consumerGroup: 'text',
  topic: 'text',
  queueId: 'int32',
  queueOffset: 'int64',
  maxMsgNums: 'int32',
  sysFlag: 'int32',
  commitOffset: 'int64',
  suspendTimeoutMillis: 'int64',
  subVersion: 'int64',
  subscription: 'escaped',
  expressionType: 'text',
  maxMsgBytes: 'int32',
  bname: 'text',
}
const REQUIRED_COUNT = 9

function scanned(frame: RawFrame): object | undefined {
  if (!scanPullRequest(frame, view)) return undefined
  const text = (start: number, end: number): string => view.buffer.toString('utf8', start, end)
  const { subscriptionStart, subscriptionEnd } = view
  const subscription = Buffer.alloc(subscriptionEnd - subscriptionStart)
  const bytes = view.subscriptionEscaped
    ? unescapeJson(view.buffer, subscriptionStart, subscriptionEnd, subscription, 0)
    : view.buffer.copy(subscription, 0, subscriptionStart, subscriptionEnd)
  return {
    code: view.code,
    opaque: view.opaque,
    consumerGroup: text(view.consumerGroupStart, view.consumerGroupEnd),
    topic: text(view.topicStart, view.topicEnd),
    queueId: view.queueId,
    queueOffset: view.queueOffset,
    maxMsgNums: view.maxMsgNums,
    sysFlag: view.sysFlag,
    commitOffset: view.commitOffset,
    suspendTimeoutMillis: view.suspendTimeoutMs,
    subVersion: view.subVersion,
    subscription: subscription.toString('utf8', 0, bytes),
    expressionType: text(view.expressionTypeStart, view.expressionTypeEnd),
    maxMsgBytes: view.maxMsgBytes,
  }
}

function decoded(frame: RawFrame): object {
  const { code, opaque, extFields } = decodeFrame(frame)
  const header = decodeHeader(PullMessageRequestHeader, extFields)
  const { bname, liteTopic, proxyFrowardClientId, requestSource, ...rest } = header
  return {
    code,
    opaque,
    ...rest,
    subscription: Buffer.from(header.subscription ?? '').toString('utf8'),
    expressionType: header.expressionType ?? '',
    maxMsgBytes: header.maxMsgBytes ?? MAX_MSG_BYTES_UNSET,
  }
}

function randomFrame(random: SeededRandom): Buffer {
  const fields = new Map<string, { value: string; kind: FieldKind }>()
  for (const [index, [name, kind]] of Object.entries(KINDS).entries()) {
    if (index >= REQUIRED_COUNT && random.below(4) === 0) continue
    fields.set(name, { value: randomValue(random, kind), kind })
  }
  const members = { code: random.pick([11, 361]), flag: 0, opaque: random.below(1000), version: 1 }
  return jsonFrame(spellHeader(random, members, fields), Buffer.alloc(0))
}

test.each(['json', 'rocketmq'])("Java's pull in %s is read as the generic codec does", (type) => {
  const frame = rawFrameOf(fixtureBytes(`pull-message-11.${type}.frame`))!
  expect(scanned(frame)).toEqual(decoded(frame))
  expect(scanned(frame)).toMatchObject({ topic: 'TopicTest', subscription: 'TagA || TagB' })
})

test.each([1, 2, 3])('random headers are all read as the generic codec does (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  for (let round = 0; round < 500; round += 1) {
    const frame = rawFrameOf(randomFrame(random))!
    const why = `seed ${seed}, round ${round}: ${frame.buffer.toString()}`
    expect(scanned(frame), why).toEqual(decoded(frame))
    const binary = { ...decodeFrame(frame), serializeType: 'ROCKETMQ' as const }
    const binaryFrame = rawFrameOf(encodeFrame(binary))!
    expect(scanned(binaryFrame), why).toEqual(decoded(binaryFrame))
  }
})

test.each([1, 2, 3])('a damaged header is read alike or declined (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  let readCount = 0
  for (let round = 0; round < 2000; round += 1) {
    const frame = rawFrameOf(damaged(random, randomFrame(random)))!
    const result = scanned(frame)
    if (result === undefined) continue
    readCount += 1
    expect(result, `seed ${seed}, round ${round}: ${frame.buffer.toString()}`).toEqual(
      decoded(frame),
    )
  }
  expect(readCount).toBeGreaterThan(100)
})

test.each([
  ['queueOffset', '9223372036854775807'],
  ['liteTopic', 'lite'],
  ['proxyFrowardClientId', 'client'],
  ['topic', 'Thémé'],
])('%s of %s is left to the generic codec', (name, value) => {
  const command = decodeFrame(rawFrameOf(fixtureBytes('pull-message-11.json.frame'))!)
  command.extFields.set(name, value)
  expect(scanned(rawFrameOf(encodeFrame(command))!)).toBeUndefined()
})
