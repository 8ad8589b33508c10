/**
 * Puts messages aside that are to be delivered later by level: they are stored in the schedule
 * topic, in the queue of their level, and carry where they are to go
 * (HookUtils.transformDelayLevelMessage).
 */
import { PropertyName } from '../../../engine/format/message-const.ts'
import {
  decodeProperties,
  encodeProperties,
  NAME_VALUE_SEPARATOR,
  PROPERTY_SEPARATOR,
  PropertyFinder,
} from '../../../engine/format/properties-codec.ts'
import type { RecordSource } from '../../../engine/format/record-encoder.ts'
import { PROPERTIES_MAX_BYTES, TOPIC_MAX_BYTES_V2 } from '../../../engine/format/record-format.ts'
import type { QueueTail } from '../../../engine/log/queue-tail.ts'
import { DECIMAL_BYTES_MAX, writeDecimal } from '../../protocol/decimal.ts'
import { SCHEDULE_TOPIC } from '../topics/topic-validator.ts'

/** Names that make the slow way necessary: they are replaced or taken out. */
const REAL_NAMES = [PropertyName.REAL_TOPIC, PropertyName.REAL_QUEUE_ID] as const
/** A level goes before a time: Java takes these out (HookUtils.checkIfTimerMessage). */
const TIMER_NAMES = [
  PropertyName.TIMER_DELIVER_MS,
  PropertyName.TIMER_DELAY_SEC,
  PropertyName.TIMER_DELAY_MS,
] as const
const REPLACED_NAMES = [...REAL_NAMES, ...TIMER_NAMES]

const SEPARATOR = String.fromCharCode(PROPERTY_SEPARATOR)
const NAME_END = String.fromCharCode(NAME_VALUE_SEPARATOR)
const REAL_TOPIC_ENTRY = Buffer.from(`${PropertyName.REAL_TOPIC}${NAME_END}`)
const REAL_QUEUE_ENTRY = Buffer.from(`${SEPARATOR}${PropertyName.REAL_QUEUE_ID}${NAME_END}`)
/** Room for what is added to the longest properties, which then are refused for their length. */
const SCRATCH_BYTES =
  PROPERTIES_MAX_BYTES +
  REAL_TOPIC_ENTRY.length +
  REAL_QUEUE_ENTRY.length +
  TOPIC_MAX_BYTES_V2 +
  DECIMAL_BYTES_MAX +
  SEPARATOR.length * 2

const TOPIC_BYTES = Buffer.from(SCHEDULE_TOPIC)

export interface DelayedMessagesParts {
  /** The longest level (`messageDelayLevel`). */
  readonly levelMax: number
  readonly tail: (queueId: number) => QueueTail
  /** Hears of every message that is put aside. */
  readonly onDelayed: (level: number) => void
}

/** One instance serves all messages, one after the other. */
export class DelayedMessages {
  readonly #parts: DelayedMessagesParts
  readonly #tails: (QueueTail | undefined)[] = []
  readonly #finder = new PropertyFinder(REPLACED_NAMES)
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES)

  constructor(parts: DelayedMessagesParts) {
    this.#parts = parts
  }

  /**
   * Turns a message into one that waits for its time. Its bytes are this object's until the next
   * call.
   * @param level 1 or more; above the longest level it is that one
   * @returns the end of the queue where it waits.
   */
  redirect(source: RecordSource, level: number): QueueTail {
    const ownLevel = Math.min(level, this.#parts.levelMax)
    this.#finder.scan(source.properties, source.propertiesStart, source.propertiesEnd)
    const isPlain = ownLevel === level && REPLACED_NAMES.every((_, at) => !this.#finder.has(at))
    const end = isPlain ? this.#append(source) : this.#rewrite(source, ownLevel)
    source.properties = this.#scratch
    source.propertiesStart = 0
    source.propertiesEnd = end
    source.topic = TOPIC_BYTES
    source.topicStart = 0
    source.topicEnd = TOPIC_BYTES.length
    source.queueId = queueIdOf(ownLevel)
    this.#parts.onDelayed(ownLevel)
    return this.#tail(source.queueId)
  }

  /** The properties with the topic and queue behind them. */
  #append(source: RecordSource): number {
    const { properties, propertiesStart, propertiesEnd, topic, topicStart, topicEnd } = source
    const scratch = this.#scratch
    let end = properties.copy(scratch, 0, propertiesStart, propertiesEnd)
    if (end > 0 && scratch[end - 1] !== PROPERTY_SEPARATOR) {
      scratch[end] = PROPERTY_SEPARATOR
      end += 1
    }
    end += REAL_TOPIC_ENTRY.copy(scratch, end)
    end += topic.copy(scratch, end, topicStart, topicEnd)
    end += REAL_QUEUE_ENTRY.copy(scratch, end)
    end = writeDecimal(scratch, end, source.queueId)
    scratch[end] = PROPERTY_SEPARATOR
    return end + 1
  }

  /** The same where something is to be replaced or taken out. */
  #rewrite(source: RecordSource, level: number): number {
    const { propertiesStart, propertiesEnd, topic, topicStart, topicEnd } = source
    const properties = decodeProperties(source.properties, propertiesStart, propertiesEnd)
    for (const name of TIMER_NAMES) properties.delete(name)
    properties.set(PropertyName.DELAY_TIME_LEVEL, String(level))
    properties.set(PropertyName.REAL_TOPIC, topic.toString('utf8', topicStart, topicEnd))
    properties.set(PropertyName.REAL_QUEUE_ID, String(source.queueId))
    const bytes = encodeProperties(properties)
    bytes.copy(this.#scratch)
    return bytes.length
  }

  #tail(queueId: number): QueueTail {
    let tail = this.#tails[queueId]
    if (tail === undefined) {
      tail = this.#parts.tail(queueId)
      this.#tails[queueId] = tail
    }
    return tail
  }
}

/** The schedule topic's queue of a level (ScheduleMessageService.delayLevel2QueueId). */
export function queueIdOf(level: number): number {
  return level - 1
}
