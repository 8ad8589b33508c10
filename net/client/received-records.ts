import { assert } from '../../engine/base/assert.ts'
import { formatHost } from '../../engine/format/host.ts'
import { KEY_SEPARATOR, PropertyName } from '../../engine/format/message-const.ts'
import { offsetMessageIdOf } from '../../engine/format/message-id.ts'
import { createRecordView, RecordVerdict, readRecord } from '../../engine/format/record-decoder.ts'
import { RepeatedText } from '../../engine/format/repeated-text.ts'
import type { ReceivedMessage } from './message.ts'
import type { MessageQueue } from './message-queue.ts'
import { PropertyReader } from './property-reader.ts'
import { isRetryTopic } from './resource-name.ts'

const NO_KEYS: readonly string[] = Object.freeze([])
const STRUCTURE_ONLY = Object.freeze({ checkCrc: false })
/** Reads one record after the other. */
const VIEW = createRecordView()

/** Records that came together, as messages for the application. They have much in common. */
export class ReceivedRecords {
  readonly #buffer: Buffer
  readonly #queueOf: (topic: string, queueId: number) => MessageQueue
  readonly #properties: PropertyReader
  readonly #topic = new RepeatedText((buffer, start, end) => buffer.toString('utf8', start, end))
  readonly #bornHost = new RepeatedText(formatHost)
  readonly #storeHost = new RepeatedText(formatHost)

  /** `queueOf` says which queue a record comes from. */
  constructor(buffer: Buffer, queueOf: (topic: string, queueId: number) => MessageQueue) {
    this.#buffer = buffer
    this.#queueOf = queueOf
    this.#properties = new PropertyReader(buffer)
  }

  /** The message at `at`, where a whole record is. Its body is a part of the buffer, as stored. */
  messageAt(at: number): ReceivedMessage {
    const buffer = this.#buffer
    const verdict = readRecord(buffer, at, buffer.length, VIEW, STRUCTURE_ONLY)
    assert(verdict === RecordVerdict.WHOLE, 'a message is made of a record that was checked')
    const { physicalOffset, storeHostEnd, storeHostStart } = VIEW
    const properties = this.#properties.read(VIEW.propertiesStart, VIEW.propertiesEnd)
    const topic = this.#topic.read(buffer, VIEW.topicStart, VIEW.topicEnd)
    const origin = isRetryTopic(topic) ? properties.get(PropertyName.RETRY_TOPIC) : undefined
    const keys = properties.get(PropertyName.KEYS)
    const offsetMessageId = offsetMessageIdOf(buffer, storeHostStart, storeHostEnd, physicalOffset)
    return {
      topic: origin ?? topic,
      queue: this.#queueOf(topic, VIEW.queueId),
      queueOffset: VIEW.queueOffset,
      messageId: properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX) ?? offsetMessageId,
      offsetMessageId,
      body: buffer.subarray(VIEW.bodyStart, VIEW.bodyEnd),
      tags: properties.get(PropertyName.TAGS),
      keys: keys === undefined ? NO_KEYS : keys.split(KEY_SEPARATOR).filter((key) => key !== ''),
      properties,
      flag: VIEW.flag,
      reconsumeTimes: VIEW.reconsumeTimes,
      bornTimestampMs: VIEW.bornTimestampMs,
      bornHost: this.#bornHost.read(buffer, VIEW.bornHostStart, VIEW.bornHostEnd),
      storeTimestampMs: VIEW.storeTimestampMs,
      storeHost: this.#storeHost.read(buffer, storeHostStart, storeHostEnd),
      physicalOffset,
    }
  }
}
