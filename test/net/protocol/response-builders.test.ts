/**
 * Goal: responses that are built in place are those that the generic codec would have written.
 * Method: build with random values, decode generically, compare; and compare with Java's fields.
 */
import { expect, test } from 'vitest'
import { decodeHeader } from '../../../net/protocol/header-table.ts'
import { PullMessageResponseHeader } from '../../../net/protocol/pull-message.ts'
import {
  buildPullResponseHead,
  PULL_RESPONSE_HEAD_BYTES_MAX,
  PullResponseValues,
} from '../../../net/protocol/pull-response-builder.ts'
import { SendMessageResponseHeader } from '../../../net/protocol/send-message.ts'
import {
  SendResponseBuilder,
  SendResponseValues,
} from '../../../net/protocol/send-response-builder.ts'
import { decodeFrame } from '../../../net/remoting/command-codec.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { fixtureBytes, rawFrameOf } from '../raw-frame.ts'
import { randomText } from './request-fuzz.ts'

const V4_HOST = Buffer.from('7f00000100002a9f', 'hex')
const V6_HOST = Buffer.from('20010db800000000000000000000000100002a9f', 'hex')
const AT = 5
const FILLER = 0xee

function hexOffset(offset: number): string {
  return BigInt(offset).toString(16).padStart(16, '0').toUpperCase()
}

test.each([
  ['json', 0],
  ['rocketmq', 1],
])('a send response in %s has the fields of the one that Java wrote', (name, serializeType) => {
  const java = decodeFrame(rawFrameOf(fixtureBytes(`send-message-response.${name}.frame`))!)
  const builder = new SendResponseBuilder({
    storeHost: V4_HOST,
    regionId: 'DefaultRegion',
    traceOn: true,
  })
  const values = new SendResponseValues()
  Object.assign(values, { serializeType, opaque: 42, queueId: 3, queueOffset: 12345678901 })
  const buffer = Buffer.alloc(builder.bytesMax(values))
  const end = builder.build(values, buffer, 0)
  const ours = decodeFrame(rawFrameOf(buffer.subarray(0, end))!)
  expect(ours).toEqual({ ...java, language: 'OTHER' })
})

test.each([1, 2])('random send responses are read back (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  const values = new SendResponseValues()
  for (let round = 0; round < 1000; round += 1) {
    const storeHost = random.pick([V4_HOST, V6_HOST])
    const regionId = random.pick(['DefaultRegion', 'Zürich "1"'])
    const builder = new SendResponseBuilder({ storeHost, regionId, traceOn: random.below(2) === 1 })
    const transactionId = randomText(random, 'escaped')
    values.serializeType = random.below(2)
    values.code = random.pick([0, 10, 11, 12])
    values.opaque = random.below(0xffff_ffff) - 0x8000_0000
    values.queueId = random.below(0x7fff_ffff)
    values.queueOffset = random.below(2 ** 31) * random.below(2 ** 21)
    values.physicalOffset = random.below(2 ** 31) * random.below(2 ** 21)
    values.batchOffsets = Array.from({ length: random.pick([0, 0, 1, 2, 40]) }, () =>
      random.below(2 ** 52),
    )
    const offsets = values.batchOffsets.length > 0 ? values.batchOffsets : [values.physicalOffset]
    const host = storeHost.toString('hex').toUpperCase()
    values.transactionId = Buffer.from(`??${transactionId}??`)
    values.transactionIdStart = 2
    values.transactionIdEnd = values.transactionId.length - 2
    const bytesMax = builder.bytesMax(values)
    const buffer = Buffer.alloc(AT + bytesMax + 1, FILLER)
    const end = builder.build(values, buffer, AT)
    const why = `seed ${seed}, round ${round}`
    expect(end, why).toBeLessThanOrEqual(AT + bytesMax)
    expect(buffer.subarray(end).every((byte) => byte === FILLER)).toBe(true)
    const command = decodeFrame(rawFrameOf(buffer.subarray(AT, end))!)
    expect(command, why).toMatchObject({ code: values.code, opaque: values.opaque, flag: 1 })
    const header = decodeHeader(SendMessageResponseHeader, command.extFields)
    expect(header, why).toMatchObject({
      msgId: offsets.map((offset) => host + hexOffset(offset)).join(','),
      queueId: values.queueId,
      queueOffset: values.queueOffset,
      transactionId: transactionId === '' ? undefined : transactionId,
      MSG_REGION: regionId,
    })
  }
})

test.each([1, 2])('a send response like one before is as if built anew (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  const constants = { storeHost: V4_HOST, regionId: 'DefaultRegion', traceOn: true }
  const builder = new SendResponseBuilder(constants)
  const values = new SendResponseValues()
  const built = (by: SendResponseBuilder): string => {
    const buffer = Buffer.alloc(AT + by.bytesMax(values) + 1, FILLER)
    return buffer.toString('latin1', 0, by.build(values, buffer, AT))
  }
  for (let round = 0; round < 2000; round += 1) {
    values.code = random.pick([0, 10])
    values.opaque = random.below(120) - 10
    values.queueId = random.below(12)
    values.queueOffset = random.below(120)
    values.physicalOffset = random.below(2 ** 31) * random.below(2 ** 21)
    values.transactionId = Buffer.from(random.pick(['', 'AB01', 'CD23', 'a"c', 'ü']))
    values.transactionIdEnd = values.transactionId.length
    const why = `seed ${seed}, round ${round}`
    expect(built(builder), why).toBe(built(new SendResponseBuilder(constants)))
  }
})

test.each([
  ['json', 0],
  ['rocketmq', 1],
])('a pull response in %s has the fields of the one that Java wrote', (name, serializeType) => {
  const java = decodeFrame(rawFrameOf(fixtureBytes(`pull-message-response.${name}.frame`))!)
  const values = new PullResponseValues()
  const body = Buffer.from('records')
  Object.assign(values, { serializeType, opaque: 43, nextBeginOffset: 132, maxOffset: 1000 })
  values.bodyBytes = body.length
  const buffer = Buffer.alloc(PULL_RESPONSE_HEAD_BYTES_MAX + values.remark.length)
  const end = buildPullResponseHead(values, buffer, 0)
  const ours = decodeFrame(rawFrameOf(Buffer.concat([buffer.subarray(0, end), body]))!)
  expect(ours).toEqual({ ...java, language: 'OTHER' })
})

test.each([1, 2])('random pull responses are read back (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  const values = new PullResponseValues()
  const offset = (): number => random.below(2 ** 31) * random.below(2 ** 21)
  for (let round = 0; round < 1000; round += 1) {
    values.serializeType = random.below(2)
    values.code = random.pick([0, 19, 20, 21])
    values.opaque = random.below(0xffff_ffff) - 0x8000_0000
    values.remark = Buffer.from(random.pick(['FOUND', 'OFFSET_OVERFLOW_BADLY']))
    values.suggestWhichBrokerId = random.below(3)
    values.nextBeginOffset = offset()
    values.minOffset = offset()
    values.maxOffset = random.pick([-1, offset(), Number.MAX_SAFE_INTEGER])
    values.topicSysFlag = random.below(4)
    values.groupSysFlag = random.below(4)
    values.bodyBytes = random.below(50)
    const bytesMax = PULL_RESPONSE_HEAD_BYTES_MAX + values.remark.length
    const buffer = Buffer.alloc(AT + bytesMax + values.bodyBytes, FILLER)
    const end = buildPullResponseHead(values, buffer, AT)
    const why = `seed ${seed}, round ${round}`
    expect(end, why).toBeLessThanOrEqual(AT + bytesMax)
    const command = decodeFrame(rawFrameOf(buffer.subarray(AT, end + values.bodyBytes))!)
    expect(command, why).toMatchObject({
      code: values.code,
      opaque: values.opaque,
      flag: 1,
      remark: Buffer.from(values.remark).toString(),
    })
    expect(command.body.length).toBe(values.bodyBytes)
    const header = decodeHeader(PullMessageResponseHeader, command.extFields)
    const { suggestWhichBrokerId, nextBeginOffset, minOffset, maxOffset } = values
    const { topicSysFlag, groupSysFlag } = values
    expect(header, why).toMatchObject({
      suggestWhichBrokerId,
      nextBeginOffset,
      minOffset,
      maxOffset,
      topicSysFlag,
      groupSysFlag,
    })
  }
})
