import { Buffer } from 'node:buffer'
import { StoreError } from '../engine/base/errors.ts'
import { hostOf } from '../engine/format/host.ts'
import { PropertyName } from '../engine/format/message-const.ts'
import { encodeProperties } from '../engine/format/properties-codec.ts'
import { createRecordSource, type RecordSource } from '../engine/format/record-encoder.ts'
import { TOPIC_MAX_BYTES_V1 } from '../engine/format/record-format.ts'

/** What the log library appends. */
export interface LogMessage {
  /** At most 127 bytes of UTF-8. */
  readonly topic: string
  /** @default 0 */
  readonly queueId?: number | undefined
  /** Copied before `append` returns. */
  readonly body: Uint8Array
  /** A query finds it by each of them. */
  readonly keys?: readonly string[] | undefined
  /** One tag, or none. */
  readonly tags?: string | undefined
  /** A number of the application's own, 32 bits. @default 0 */
  readonly flag?: number | undefined
  /** Further properties; neither name nor value may hold U+0001 or U+0002. */
  readonly properties?: ReadonlyMap<string, string> | undefined
}

/** Stands between the keys of a message. */
export const KEY_SEPARATOR = ' '
/** Queue ids are 32-bit words. */
const QUEUE_ID_MAX = 2 ** 31 - 1
const NO_BYTES = Buffer.alloc(0)
/** The library has no network address: its records say so. */
const NO_HOST = hostOf('0.0.0.0', 0)

/** Turns the messages of the library into what the log appends, one at a time. */
export class MessageSource {
  readonly #source = createRecordSource()
  /** Their names in UTF-8, each checked and encoded once. */
  readonly #topics = new Map<string, Buffer>()
  /** The topic of the message before, which is often that of the next one. */
  #latestTopic: string | undefined
  #latestTopicBytes: Buffer = NO_BYTES

  constructor() {
    this.#source.bornHost = NO_HOST
    this.#source.storeHost = NO_HOST
  }

  /** The time of birth of messages from now on. */
  set bornTimestampMs(timestampMs: number) {
    this.#source.bornTimestampMs = timestampMs
  }

  /**
   * Topic and queue id name a folder; a key with a space would be two.
   * @throws {StoreError} `STORE_MESSAGE_ILLEGAL`
   */
  check({ topic, queueId = 0, keys }: LogMessage): void {
    this.#topicBytes(topic)
    if (!Number.isInteger(queueId) || queueId < 0 || queueId > QUEUE_ID_MAX) {
      throw illegal(`queueId is ${queueId}, but must be a whole number from 0 to ${QUEUE_ID_MAX}`)
    }
    const bad = keys?.find((key) => key === '' || key.includes(KEY_SEPARATOR))
    if (bad !== undefined) throw illegal(`${JSON.stringify(bad)} is no key: empty, or with a space`)
  }

  /**
   * A message that was checked; valid until the next call.
   * @throws {TypeError} for a property that holds a reserved character.
   */
  fill(message: LogMessage): RecordSource {
    const source = this.#source
    const { topic, queueId = 0, flag = 0, body } = message
    source.topic = this.#topicBytes(topic)
    source.topicEnd = source.topic.length
    source.queueId = queueId
    source.flag = flag
    // Making a buffer takes as long as encoding the record.
    source.body = Buffer.isBuffer(body) ? body : bufferOf(body)
    source.bodyEnd = body.length
    source.properties = propertiesOf(message)
    source.propertiesEnd = source.properties.length
    return source
  }

  #topicBytes(topic: string): Buffer {
    if (topic !== this.#latestTopic) {
      this.#latestTopicBytes = this.#topics.get(topic) ?? this.#addTopic(topic)
      this.#latestTopic = topic
    }
    return this.#latestTopicBytes
  }

  #addTopic(topic: string): Buffer {
    const bytes = Buffer.from(topic, 'utf8')
    if (bytes.length === 0 || bytes.length > TOPIC_MAX_BYTES_V1) {
      throw illegal(`a topic has 1 to ${TOPIC_MAX_BYTES_V1} bytes, not ${bytes.length}`)
    }
    if (topic === '.' || topic === '..' || topic.includes('/') || topic.includes('\0')) {
      throw illegal(`${JSON.stringify(topic)} cannot be the name of a topic`)
    }
    this.#topics.set(topic, bytes)
    return bytes
  }
}

/** The refusal of a message that no store can hold. */
export function illegal(message: string): StoreError {
  return new StoreError('STORE_MESSAGE_ILLEGAL', message)
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function propertiesOf({ keys, tags, properties }: LogMessage): Buffer {
  if (keys === undefined && tags === undefined && properties === undefined) return NO_BYTES
  const all = new Map(properties ?? [])
  if (keys !== undefined && keys.length > 0) all.set(PropertyName.KEYS, keys.join(KEY_SEPARATOR))
  if (tags !== undefined) all.set(PropertyName.TAGS, tags)
  return encodeProperties(all)
}
