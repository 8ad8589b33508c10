/**
 * SEND_MESSAGE (10), SEND_MESSAGE_V2 (310), SEND_BATCH_MESSAGE (320). The body is the message's
 * body, or for a batch the messages one behind the other (Java: MessageDecoder.encodeMessages).
 * Code 320 carries the short names too (Java: SendMessageProcessor.parseRequestHeader).
 */

import type { ReceivedCommand } from '../remoting/received-command.ts'
import { fieldMissing } from './errors.ts'
import { parseInt32, parseInt64 } from './field-value.ts'
import type { HeaderField, HeaderOf } from './header-table.ts'
import { optional, required, withDefault } from './header-table.ts'

/** Java: SendMessageRequestHeader. */
export const SendMessageRequestHeader = {
  producerGroup: required('string'),
  topic: required('string'),
  /** Topic whose queues and permission a missing topic inherits. */
  defaultTopic: required('string'),
  defaultTopicQueueNums: required('int32'),
  /** Negative: the broker chooses. */
  queueId: required('int32'),
  sysFlag: required('int32'),
  /** In milliseconds. */
  bornTimestamp: required('int64'),
  flag: required('int32'),
  /** `name\u0001value\u0002` pairs. */
  properties: optional('string'),
  reconsumeTimes: optional('int32'),
  unitMode: withDefault('boolean', false),
  batch: withDefault('boolean', false),
  maxReconsumeTimes: optional('int32'),
  /** Name of the broker that the client means. */
  bname: optional('string'),
} as const
export type SendMessageRequestHeader = HeaderOf<typeof SendMessageRequestHeader>

/** The one-letter names of codes 310 and 320 (Java: SendMessageRequestHeaderV2). */
export const SHORT_NAMES = Object.freeze({
  a: 'producerGroup',
  b: 'topic',
  c: 'defaultTopic',
  d: 'defaultTopicQueueNums',
  e: 'queueId',
  f: 'sysFlag',
  g: 'bornTimestamp',
  h: 'flag',
  i: 'properties',
  j: 'reconsumeTimes',
  k: 'unitMode',
  l: 'maxReconsumeTimes',
  m: 'batch',
  n: 'bname',
} as const satisfies Record<string, keyof typeof SendMessageRequestHeader>)

type ShortName = keyof typeof SHORT_NAMES
type HeaderV2Table = {
  readonly [Name in ShortName]: (typeof SendMessageRequestHeader)[(typeof SHORT_NAMES)[Name]]
}

/** Java: SendMessageRequestHeaderV2. */
export const SendMessageRequestHeaderV2: HeaderV2Table = shortTable()
export type SendMessageRequestHeaderV2 = HeaderOf<typeof SendMessageRequestHeaderV2>

/** Java: SendMessageResponseHeader, with what the broker adds beside it. */
export const SendMessageResponseHeader = {
  /** The offset message id. */
  msgId: required('string'),
  queueId: required('int32'),
  queueOffset: required('int64'),
  transactionId: optional('string'),
  batchUniqId: optional('string'),
  recallHandle: optional('string'),
  MSG_REGION: optional('string'),
  TRACE_ON: optional('string'),
} as const
export type SendMessageResponseHeader = HeaderOf<typeof SendMessageResponseHeader>

/** What a client takes of the answer to a send. */
export type StoredMessageHeader = Pick<
  SendMessageResponseHeader,
  'msgId' | 'queueId' | 'queueOffset' | 'MSG_REGION' | 'TRACE_ON'
>

const INT32_MAX = 0x7fff_ffff

/**
 * Reads the header of {@link SendMessageResponseHeader} without a map and a table in between.
 * @throws {ProtocolError} `PROTOCOL_FIELD_MISSING`, `PROTOCOL_FIELD_INVALID` with the field's name
 */
export function readSendResponse(response: ReceivedCommand): StoredMessageHeader {
  const offsetMessageId = response.text('msgId')
  if (offsetMessageId === undefined) throw fieldMissing('msgId')
  return {
    msgId: offsetMessageId,
    queueId: integerOf(response, 'queueId', parseInt32),
    queueOffset: integerOf(response, 'queueOffset', parseInt64),
    MSG_REGION: response.text('MSG_REGION'),
    TRACE_ON: response.text('TRACE_ON'),
  }
}

function integerOf(
  response: ReceivedCommand,
  name: string,
  parse: (name: string, text: string) => number,
): number {
  const value = response.integer(name)
  if (value >= 0 && value <= INT32_MAX) return value
  const text = response.text(name) ?? ''
  if (text === '') throw fieldMissing(name)
  return parse(name, text)
}

/** The header of code 310 or 320 with its long names. */
export function fromShortNames(header: SendMessageRequestHeaderV2): SendMessageRequestHeader {
  const long: Record<string, unknown> = {}
  for (const [short, name] of Object.entries(SHORT_NAMES)) long[name] = header[short as ShortName]
  return long as SendMessageRequestHeader
}

/** The header as codes 310 and 320 carry it. */
export function toShortNames(header: SendMessageRequestHeader): SendMessageRequestHeaderV2 {
  const short: Record<string, unknown> = {}
  for (const [name, long] of Object.entries(SHORT_NAMES)) short[name] = header[long]
  return short as SendMessageRequestHeaderV2
}

/** What all sends of a producer have in common. */
export interface SendHeaderDefaults {
  readonly producerGroup: string
  readonly defaultTopic: string
  readonly defaultTopicQueueNums: number
}

/** Writes the ext fields of codes 310 and 320 as JSON, without a map and a table in between. */
export class SendHeaderWriter {
  readonly #group: string
  readonly #defaults: string

  constructor({ producerGroup, defaultTopic, defaultTopicQueueNums }: SendHeaderDefaults) {
    this.#group = `"a":${JSON.stringify(producerGroup)},"b":`
    this.#defaults = `,"c":${JSON.stringify(defaultTopic)},"d":"${defaultTopicQueueNums}","e":"`
  }

  /** The members of the JSON object, in the table's order. */
  write(header: Omit<SendMessageRequestHeader, keyof SendHeaderDefaults>): string {
    const { properties, maxReconsumeTimes, bname } = header
    const text = properties === undefined ? '' : `,"i":${JSON.stringify(properties)}`
    const times = maxReconsumeTimes === undefined ? '' : `,"l":"${maxReconsumeTimes}"`
    const name = bname === undefined ? '' : `,"n":${JSON.stringify(bname)}`
    return (
      `${this.#group}${JSON.stringify(header.topic)}${this.#defaults}${header.queueId}` +
      `","f":"${header.sysFlag}","g":"${header.bornTimestamp}","h":"${header.flag}"${text}` +
      `,"j":"${header.reconsumeTimes ?? 0}","k":"${header.unitMode}"${times}` +
      `,"m":"${header.batch}"${name}`
    )
  }
}

function shortTable(): HeaderV2Table {
  const table: Record<string, HeaderField> = {}
  for (const [short, name] of Object.entries(SHORT_NAMES)) {
    table[short] = SendMessageRequestHeader[name]
  }
  return table as HeaderV2Table
}
