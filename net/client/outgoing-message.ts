/**
 * A message as it goes over the wire. RocketMQ: `Validators.checkMessage`, `MessageBatch`,
 * `MessageClientIDSetter`, `DefaultMQProducerImpl.sendKernelImpl`.
 */

import { type BatchMessage, encodeBatchMessage } from '../../engine/format/batch-format.ts'
import {
  KEY_SEPARATOR,
  PropertyName,
  RESERVED_PROPERTY_NAMES,
} from '../../engine/format/message-const.ts'
import type { UniqueMessageIds } from '../../engine/format/message-id.ts'
import { propertiesToString } from '../../engine/format/properties-codec.ts'
import { ClientError } from './client-error.ts'
import { isPacked, packBody } from './compress.ts'
import type { Message } from './message.ts'
import { wrapNamespace } from './namespace.ts'
import type { ProducerConfig } from './producer-options.ts'
import { REPLY_TYPE } from './request-reply.ts'
import { checkSendTopic, isRetryTopic } from './resource-name.ts'
import { systemPropertiesOf } from './system-properties.ts'

/** What one send request carries, whichever broker gets it. */
export interface OutgoingMessage {
  readonly topic: string
  readonly body: Buffer
  readonly sysFlag: number
  readonly flag: number
  /** As text, see properties-codec.ts. */
  readonly properties: string
  /** The unique ids: one for each message of a batch, else exactly one. */
  readonly messageIds: readonly string[]
  readonly isBatch: boolean
  /** A reply goes to the client that asked. @default false */
  readonly isReply?: boolean
  /** What the application sends with it. @default nothing, the client sends it for itself */
  readonly source?: readonly Message[]
  /** Whether brokers deliver it later. @default false */
  readonly isDelayed?: boolean
  /** How often a group has got it back, and how often it may. @default none */
  readonly reconsumeTimes?: number
  readonly maxReconsumeTimes?: number
}

/**
 * Checks `message` and makes it ready to send: at once, or with a large body, which is compressed
 * off the event loop, later.
 * @throws {ClientError} `CLIENT_MESSAGE_ILLEGAL`
 */
export function prepareMessage(
  message: Message,
  shardingKey: string | undefined,
  ids: UniqueMessageIds,
  config: ProducerConfig,
): OutgoingMessage | Promise<OutgoingMessage> {
  const body = checkedBody(message, config)
  const properties = propertiesOf(message, shardingKey, ids, config)
  const flag = checkedFlag(message)
  const messageIds = [properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX)!]
  const text = textOf(properties)
  const isReply = properties.get(PropertyName.MESSAGE_TYPE) === REPLY_TYPE
  const outgoing: OutgoingMessage = {
    topic: wrapNamespace(config.namespace, message.topic),
    body,
    sysFlag: 0,
    flag,
    properties: text,
    messageIds,
    isBatch: false,
    isReply,
    source: [message],
    isDelayed: properties.has(PropertyName.DELAY_TIME_LEVEL),
  }
  return isPacked(body, config) ? packed(outgoing, config) : outgoing
}

async function packed(message: OutgoingMessage, config: ProducerConfig): Promise<OutgoingMessage> {
  return { ...message, ...(await packBody(message.body, config)) }
}

/** One message of a batch, checked and encoded. */
export interface BatchEntry {
  readonly message: Message
  /** In its namespace. */
  readonly topic: string
  readonly messageId: string
  readonly bytes: Buffer
}

/**
 * Checks `messages` and encodes them for batches. They have one topic and one `waitForStore`, no
 * delay, and no retry topic; each is, encoded, at most as large as a body may be.
 * @throws {ClientError} `CLIENT_MESSAGE_ILLEGAL`
 */
export function prepareBatchEntries(
  messages: readonly Message[],
  ids: UniqueMessageIds,
  config: ProducerConfig,
): readonly BatchEntry[] {
  const [first] = messages
  if (first === undefined) throw illegal('the batch is empty')
  checkBatch(first, messages)
  return messages.map((message) => {
    const body = checkedBody(message, config)
    const properties = propertiesOf(message, undefined, ids, config)
    textOf(properties)
    const bytes = encodeEntry({ flag: checkedFlag(message), body, properties })
    checkSize(bytes.length, config)
    const messageId = properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX)!
    const topic = wrapNamespace(config.namespace, message.topic)
    return { message, topic, messageId, bytes }
  })
}

/** One request of `entries`, which hold messages like `first`. */
export function batchOf(first: Message, entries: readonly BatchEntry[]): OutgoingMessage {
  const wait = String(first.waitForStore ?? true)
  return {
    topic: entries[0]!.topic,
    body: Buffer.concat(entries.map(({ bytes }) => bytes)),
    sysFlag: 0,
    flag: 0,
    properties: textOf(new Map([[PropertyName.WAIT_STORE_MSG_OK, wait]])),
    messageIds: entries.map(({ messageId }) => messageId),
    isBatch: true,
    source: entries.map(({ message }) => message),
  }
}

function checkBatch(first: Message, messages: readonly Message[]): void {
  for (const message of messages) {
    if ((message.delayLevel ?? 0) !== 0) throw illegal('a batch cannot be delayed')
    if (isRetryTopic(message.topic)) throw illegal('a batch cannot go to a retry topic')
    if (message.topic !== first.topic) throw illegal('the messages of a batch have one topic')
    if ((message.waitForStore ?? true) !== (first.waitForStore ?? true)) {
      throw illegal('the messages of a batch have one waitForStore')
    }
  }
}

function checkedBody(message: Message, config: ProducerConfig): Buffer {
  checkSendTopic(wrapNamespace(config.namespace, message.topic))
  const body = toBuffer(message.body)
  if (body.length === 0) throw illegal('the body is empty')
  checkSize(body.length, config)
  return body
}

function toBuffer(body: Uint8Array | string): Buffer {
  if (typeof body === 'string') return Buffer.from(body, 'utf8')
  if (!(body instanceof Uint8Array)) throw illegal('the body is neither bytes nor text')
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

function checkSize(bodyBytes: number, config: ProducerConfig): void {
  if (bodyBytes <= config.messageBytesMax) return
  throw illegal(`the body has ${bodyBytes} bytes, at most ${config.messageBytesMax}`)
}

function checkedFlag(message: Message): number {
  const flag = message.flag ?? 0
  if ((flag | 0) !== flag) throw illegal(`the flag ${flag} is no 32-bit integer`)
  return flag
}

function propertiesOf(
  message: Message,
  shardingKey: string | undefined,
  ids: UniqueMessageIds,
  { namespace }: ProducerConfig,
): Map<string, string> {
  const properties = new Map<string, string>()
  const keys = keysOf(message)
  if (keys !== '') properties.set(PropertyName.KEYS, keys)
  properties.set(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, ids.next())
  properties.set(PropertyName.WAIT_STORE_MSG_OK, String(message.waitForStore ?? true))
  if ((message.tags ?? '') !== '') properties.set(PropertyName.TAGS, message.tags!)
  const delayLevel = message.delayLevel ?? 0
  if (!Number.isSafeInteger(delayLevel) || delayLevel < 0) throw illegal('the delay level')
  if (delayLevel > 0) properties.set(PropertyName.DELAY_TIME_LEVEL, String(delayLevel))
  if (shardingKey !== undefined) properties.set(PropertyName.SHARDING_KEY, shardingKey)
  if (message.properties !== undefined) {
    for (const [name, value] of Object.entries(message.properties)) {
      checkProperty(name, value)
      properties.set(name, value)
    }
  }
  if (namespace !== '') properties.set(PropertyName.INSTANCE_ID, namespace)
  for (const [name, value] of systemPropertiesOf(message)) properties.set(name, value)
  return properties
}

function keysOf(message: Message): string {
  const { keys = '' } = message
  if (typeof keys === 'string') return keys
  for (const key of keys) {
    if (key === '' || key.includes(KEY_SEPARATOR)) {
      throw illegal(`the key "${key}" is empty or holds a space`)
    }
  }
  return keys.join(KEY_SEPARATOR)
}

function checkProperty(name: string, value: unknown): void {
  if (RESERVED_PROPERTY_NAMES.has(name)) throw illegal(`the property name ${name} is reserved`)
  if (name.trim() !== '' && typeof value === 'string' && value.trim() !== '') return
  throw illegal(`the property "${name}" has no name or no value`)
}

function textOf(properties: ReadonlyMap<string, string>): string {
  try {
    return propertiesToString(properties)
  } catch (error) {
    throw illegal('a property holds a reserved character', error)
  }
}

function encodeEntry(message: BatchMessage): Buffer {
  try {
    return encodeBatchMessage(message)
  } catch (error) {
    throw illegal('the properties of a message are too long', error)
  }
}

function illegal(why: string, cause?: unknown): ClientError {
  return new ClientError('CLIENT_MESSAGE_ILLEGAL', `message cannot be sent: ${why}`, { cause })
}
