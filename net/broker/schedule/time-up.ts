/**
 * Makes of a record of the schedule topic the message that it stands for
 * (ScheduleMessageService.messageTimeUp): topic and queue are the real ones, the time of storing is
 * new; everything else, properties included, is what the sender gave. Java leaves DELAY, REAL_TOPIC
 * and REAL_QID in the properties of what it delivers, and applications read them.
 */
import { BytesMap } from '../../../engine/base/bytes-map.ts'
import { PropertyName } from '../../../engine/format/message-const.ts'
import { PropertyFinder } from '../../../engine/format/properties-codec.ts'
import type { RecordView } from '../../../engine/format/record-decoder.ts'
import { createRecordSource, type RecordSource } from '../../../engine/format/record-encoder.ts'
import { HOST_V4_BYTES, HOST_V6_BYTES } from '../../../engine/format/record-format.ts'
import type { QueueTail } from '../../../engine/log/queue-tail.ts'
import { readDecimalInt32 } from '../../protocol/decimal.ts'
import type { TopicSendStats } from '../stats/broker-stats.ts'
import { TRANSACTION_HALF_TOPIC } from '../topics/topic-validator.ts'

const REAL_TOPIC = 0
const REAL_QUEUE_ID = 1

/** Where a message goes when its time has come. */
export interface DeliveryTarget {
  readonly topic: string
  readonly tail: QueueTail
  readonly stats: TopicSendStats
}

export interface TimeUpParts {
  readonly tail: (topic: string, queueId: number) => QueueTail
  readonly stats: (topic: string) => TopicSendStats
}

/** One instance serves all records, one after the other. */
export class TimeUp {
  /** The message of the last {@link take}: its bytes are the record's. */
  readonly source: RecordSource = createRecordSource()
  readonly #parts: TimeUpParts
  readonly #finder = new PropertyFinder([PropertyName.REAL_TOPIC, PropertyName.REAL_QUEUE_ID])
  readonly #targets = new BytesMap<DeliveryTarget>()
  readonly #bornHosts = new HostCopies()
  readonly #storeHosts = new HostCopies()

  constructor(parts: TimeUpParts) {
    this.#parts = parts
  }

  /**
   * Fills {@link source} from a whole record in `bytes`.
   * @returns undefined for a record that does not say where it is to go, or names a place that is
   *   the transactions'.
   */
  take(bytes: Buffer, view: RecordView): DeliveryTarget | undefined {
    const target = this.#target(bytes, view)
    if (target === undefined) return undefined
    const { source } = this
    source.topic = bytes
    source.topicStart = this.#finder.startOf(REAL_TOPIC)
    source.topicEnd = this.#finder.endOf(REAL_TOPIC)
    source.queueId = target.tail.queueId
    source.flag = view.flag
    source.sysFlag = view.sysFlag
    source.bornTimestampMs = view.bornTimestampMs
    source.bornHost = this.#bornHosts.copy(bytes, view.bornHostStart, view.bornHostEnd)
    source.storeHost = this.#storeHosts.copy(bytes, view.storeHostStart, view.storeHostEnd)
    source.reconsumeTimes = view.reconsumeTimes
    source.preparedTransactionOffset = 0
    source.body = bytes
    source.bodyStart = view.bodyStart
    source.bodyEnd = view.bodyEnd
    source.properties = bytes
    source.propertiesStart = view.propertiesStart
    source.propertiesEnd = view.propertiesEnd
    return target
  }

  /** What is known of a topic may no longer hold. */
  forget(topic: string): void {
    this.#targets.removeWhere((target) => target.topic === topic)
  }

  #target(bytes: Buffer, view: RecordView): DeliveryTarget | undefined {
    const finder = this.#finder
    finder.scan(bytes, view.propertiesStart, view.propertiesEnd)
    if (!finder.has(REAL_TOPIC) || !finder.has(REAL_QUEUE_ID)) return undefined
    const start = finder.startOf(REAL_TOPIC)
    const end = finder.endOf(REAL_TOPIC)
    const queueStart = finder.startOf(REAL_QUEUE_ID)
    const queueId = readDecimalInt32(bytes, queueStart, finder.endOf(REAL_QUEUE_ID))
    if (!(queueId >= 0)) return undefined
    const known = this.#targets.get(bytes, start, end, queueId)
    if (known !== undefined) return known
    const topic = bytes.toString('utf8', start, end)
    if (topic === TRANSACTION_HALF_TOPIC) return undefined
    const target = {
      topic,
      tail: this.#parts.tail(topic, queueId),
      stats: this.#parts.stats(topic),
    }
    this.#targets.set(bytes, start, end, queueId, target)
    return target
  }
}

/** A host of either length, in memory that is used again for the next. */
class HostCopies {
  readonly #v4 = Buffer.alloc(HOST_V4_BYTES)
  readonly #v6 = Buffer.alloc(HOST_V6_BYTES)

  copy(bytes: Buffer, start: number, end: number): Buffer {
    const host = end - start === HOST_V6_BYTES ? this.#v6 : this.#v4
    bytes.copy(host, 0, start, end)
    return host
  }
}
