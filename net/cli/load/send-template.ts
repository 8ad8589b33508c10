/**
 * The request of one send, byte for byte as the Java client 5.5.0 writes it (JSON header of
 * SEND_MESSAGE_V2, 310, or SEND_BATCH_MESSAGE, 320), with the places that change at each send:
 *
 *   …,"g":"1795233623639",…,"i":"UNIQ_KEY\u0001<32 digits>\u0002WAIT\u0001true\u0002…
 *   …"opaque":1000005,"serializeTypeCurrentRPC":"JSON","version":513}<body>
 *
 * Each of them has a fixed width, so a frame is built once and patched in place ever after.
 */
import { assert } from '../../../engine/base/assert.ts'
import { encodeBatch } from '../../../engine/format/batch-format.ts'
import { PropertyName } from '../../../engine/format/message-const.ts'
import { propertiesToString } from '../../../engine/format/properties-codec.ts'
import { encodeHeaderFields } from '../../protocol/header-table.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { SendMessageRequestHeaderV2, toShortNames } from '../../protocol/send-message.ts'
import { encodeFrame } from '../../remoting/command-codec.ts'
import { FRAME_PREFIX_BYTES } from '../../remoting/frame-format.ts'
import { createRequest } from '../../remoting/remoting-command.ts'
import { writeDecimal } from './fixed-digits.ts'
import { OPAQUE_DIGITS, OPAQUE_FIRST } from './opaque-slots.ts'
import type { TopicNames } from './topic-names.ts'
import { UNIQUE_KEY_BYTES, type UniqueKeys } from './unique-keys.ts'

/** What all sends of a run have in common, but the queue. */
export interface SendShape {
  readonly topics: TopicNames
  readonly brokerName: string
  readonly queueId: number
  readonly producerGroup: string
  readonly tag: string
  /** Size of each message's body. */
  readonly bodyBytes: number
  /** Messages a request; 1 sends them singly. */
  readonly batchCount: number
}

/** One frame with its changing places, as indexes into `frame`. */
export interface SendTemplate {
  readonly frame: Buffer
  readonly opaqueAt: number
  readonly bornTimestampAt: number
  /** Where the digits of the topic stand, and how many; none for a load of one topic. */
  readonly topicDigitsAt: number
  readonly topicDigitCount: number
  readonly uniqueKeysAt: readonly number[]
  /** The body of the request: a message's body, or a batch. */
  readonly bodyAt: number
}

const BORN_TIMESTAMP_DIGITS = 13
const BORN_TIMESTAMP_MARK = 10 ** (BORN_TIMESTAMP_DIGITS - 1)
const UNIQUE_KEY_MARK = '!'.repeat(UNIQUE_KEY_BYTES)
/** Fills the bodies. Printable, so that a consumer that prints them does no harm. */
const FILLER = 'x'

/** Builds the frame of `shape`. @throws {TypeError} for a topic or tag with reserved characters */
export function createSendTemplate(shape: SendShape, keys: UniqueKeys): SendTemplate {
  const isBatch = shape.batchCount > 1
  const body = Buffer.alloc(shape.bodyBytes, FILLER)
  const messageProperties = propertiesOf(shape.tag)
  const message = { body, properties: messageProperties }
  const requestBody = isBatch ? encodeBatch(Array(shape.batchCount).fill(message)) : body
  const code = isBatch ? RequestCode.SEND_BATCH_MESSAGE : RequestCode.SEND_MESSAGE_V2
  const extFields = headerFields(shape, isBatch ? propertiesOf(undefined) : messageProperties)
  const request = createRequest(code, { extFields, body: requestBody })
  const frame = encodeFrame({ ...request, language: 'JAVA', opaque: OPAQUE_FIRST })
  const bodyAt = frame.length - requestBody.length
  const uniqueKeysAt = findAll(frame, UNIQUE_KEY_MARK)
  assert(uniqueKeysAt.length === (isBatch ? 1 + shape.batchCount : 1), 'each message has its key')
  for (const at of uniqueKeysAt) keys.writePrefix(frame, at)
  return {
    frame,
    opaqueAt: onlyPlace(frame.subarray(0, bodyAt), `"opaque":${OPAQUE_FIRST}`, OPAQUE_DIGITS),
    bornTimestampAt: onlyPlace(frame, `"g":"${BORN_TIMESTAMP_MARK}`, BORN_TIMESTAMP_DIGITS),
    topicDigitsAt: onlyPlace(frame, `"b":"${shape.topics.at(0)}`, shape.topics.digitCount),
    topicDigitCount: shape.topics.digitCount,
    uniqueKeysAt,
    bodyAt,
  }
}

/** Addresses this send to the topic of a number. */
export function stampTopic(
  target: Buffer,
  frameAt: number,
  { topicDigitsAt, topicDigitCount }: SendTemplate,
  topicIndex: number,
): void {
  writeDecimal(target, frameAt + topicDigitsAt, topicDigitCount, topicIndex)
}

/** Writes what is new in this send. */
export function stampSend(
  target: Buffer,
  frameAt: number,
  template: SendTemplate,
  opaque: number,
  nowMs: number,
  keys: UniqueKeys,
): void {
  writeDecimal(target, frameAt + template.opaqueAt, OPAQUE_DIGITS, opaque)
  writeDecimal(target, frameAt + template.bornTimestampAt, BORN_TIMESTAMP_DIGITS, nowMs)
  for (let index = 0; index < template.uniqueKeysAt.length; index++) {
    keys.writeNext(target, frameAt + template.uniqueKeysAt[index]!, nowMs)
  }
}

function propertiesOf(tag: string | undefined): Map<string, string> {
  const properties = new Map([
    [PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX as string, UNIQUE_KEY_MARK],
    [PropertyName.WAIT_STORE_MSG_OK, 'true'],
  ])
  if (tag !== undefined) properties.set(PropertyName.TAGS, tag)
  return properties
}

/** Every field that the Java client sets, and no other. */
function headerFields(
  shape: SendShape,
  properties: ReadonlyMap<string, string>,
): Map<string, string> {
  const header = toShortNames({
    producerGroup: shape.producerGroup,
    topic: shape.topics.at(0),
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 4,
    queueId: shape.queueId,
    sysFlag: 0,
    bornTimestamp: BORN_TIMESTAMP_MARK,
    flag: 0,
    properties: propertiesToString(properties),
    reconsumeTimes: 0,
    unitMode: false,
    batch: shape.batchCount > 1,
    maxReconsumeTimes: undefined,
    bname: shape.brokerName,
  })
  return encodeHeaderFields(SendMessageRequestHeaderV2, header)
}

/** The place of the last `width` bytes of `text`, which occurs once. */
function onlyPlace(frame: Buffer, text: string, width: number): number {
  const places = findAll(frame, text)
  assert(places.length === 1, `${text} occurs once`)
  return places[0]! + Buffer.byteLength(text) - width
}

function findAll(frame: Buffer, text: string): number[] {
  const places: number[] = []
  for (let at = frame.indexOf(text, FRAME_PREFIX_BYTES); at !== -1; ) {
    places.push(at)
    at = frame.indexOf(text, at + text.length)
  }
  return places
}
