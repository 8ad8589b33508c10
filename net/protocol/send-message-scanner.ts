/**
 * Reads SEND_MESSAGE (10), SEND_MESSAGE_V2 (310) and SEND_BATCH_MESSAGE (320) where they lie in
 * the receive buffer. One view is reused for every message.
 */
import type { RawFrame } from '../remoting/frame-splitter.ts'
import { FLAG_ONEWAY } from '../remoting/remoting-command.ts'
import { LOWER_A } from './byte-codes.ts'
import type { FieldTarget } from './header-scanner.ts'
import { HeaderScanner } from './header-scanner.ts'
import { NameTable } from './name-table.ts'
import { RequestCode } from './request-code.ts'
import { SHORT_NAMES } from './send-message.ts'

const SHORT_NAME_COUNT = Object.keys(SHORT_NAMES).length
const LONG_NAMES = new NameTable(Object.values(SHORT_NAMES))

/** The fields in the order of their short names. */
const PRODUCER_GROUP = 0
const TOPIC = 1
const DEFAULT_TOPIC = 2
const DEFAULT_TOPIC_QUEUE_NUMS = 3
const QUEUE_ID = 4
const SYS_FLAG = 5
const BORN_TIMESTAMP = 6
const FLAG = 7
const PROPERTIES = 8
const RECONSUME_TIMES = 9
const UNIT_MODE = 10
const MAX_RECONSUME_TIMES = 11
const BATCH = 12

/** One bit for each required field, which are the first eight. */
const REQUIRED_SEEN = (1 << (FLAG + 1)) - 1

/** `maxReconsumeTimes` of a request that does not say. */
export const MAX_RECONSUME_TIMES_UNSET = -1

/**
 * One send request as positions and numbers. Positions lie in `buffer` and are valid as long as
 * the frame is.
 */
export class SendRequestView implements FieldTarget {
  buffer: Buffer = Buffer.alloc(0)
  /** `SERIALIZE_TYPE_JSON` or `SERIALIZE_TYPE_ROCKETMQ`, also for the response. */
  serializeType = 0
  code = 0
  opaque = 0
  /** The digits of `opaque`, in a JSON header. */
  opaqueStart = 0
  opaqueEnd = 0
  isOneway = false
  /** ASCII without escapes. */
  producerGroupStart = 0
  producerGroupEnd = 0
  /** ASCII without escapes. */
  topicStart = 0
  topicEnd = 0
  /** ASCII without escapes. */
  defaultTopicStart = 0
  defaultTopicEnd = 0
  defaultTopicQueueNums = 0
  queueId = 0
  queueIdStart = 0
  queueIdEnd = 0
  sysFlag = 0
  /** In milliseconds. */
  bornTimestampMs = 0
  bornTimestampStart = 0
  bornTimestampEnd = 0
  flag = 0
  /** UTF-8; with JSON escapes when `propertiesEscaped`, see `unescapeJson`. */
  propertiesStart = 0
  propertiesEnd = 0
  propertiesEscaped = false
  reconsumeTimes = 0
  unitMode = false
  /** {@link MAX_RECONSUME_TIMES_UNSET} when the request does not say. */
  maxReconsumeTimes = MAX_RECONSUME_TIMES_UNSET
  batch = false
  bodyStart = 0
  bodyEnd = 0
  #seen = 0
  #longNames = false

  /** Whether the body holds several messages: the command says so, or its field does. */
  get isBatch(): boolean {
    return this.batch || this.code === RequestCode.SEND_BATCH_MESSAGE
  }

  begin(code: number): boolean {
    this.#longNames = code === RequestCode.SEND_MESSAGE
    const short = code === RequestCode.SEND_MESSAGE_V2 || code === RequestCode.SEND_BATCH_MESSAGE
    if (!short && !this.#longNames) return false
    this.#seen = 0
    this.propertiesStart = 0
    this.propertiesEnd = 0
    this.propertiesEscaped = false
    this.reconsumeTimes = 0
    this.unitMode = false
    this.maxReconsumeTimes = MAX_RECONSUME_TIMES_UNSET
    this.batch = false
    return true
  }

  takeField(scanner: HeaderScanner): boolean {
    const field = this.#longNames
      ? LONG_NAMES.indexOf(scanner.buffer, scanner.nameStart, scanner.nameEnd)
      : shortFieldOf(scanner)
    this.#seen |= 1 << field
    switch (field) {
      case PRODUCER_GROUP:
        this.producerGroupStart = scanner.valueStart
        this.producerGroupEnd = scanner.valueEnd
        return scanner.isPlainText()
      case TOPIC:
        this.topicStart = scanner.valueStart
        this.topicEnd = scanner.valueEnd
        return scanner.isPlainText()
      case DEFAULT_TOPIC:
        this.defaultTopicStart = scanner.valueStart
        this.defaultTopicEnd = scanner.valueEnd
        return scanner.isPlainText()
      case PROPERTIES:
        this.propertiesStart = scanner.valueStart
        this.propertiesEnd = scanner.valueEnd
        this.propertiesEscaped = scanner.escaped
        return scanner.isText()
      case UNIT_MODE:
        return this.#takeUnitMode(scanner.boolean())
      case BATCH:
        return this.#takeBatch(scanner.boolean())
      case BORN_TIMESTAMP:
        this.bornTimestampStart = scanner.valueStart
        this.bornTimestampEnd = scanner.valueEnd
        this.bornTimestampMs = scanner.int64()
        return !Number.isNaN(this.bornTimestampMs)
      default:
        return this.#takeInt32(field, scanner)
    }
  }

  /** What the frame says beside its ext fields; false when a required field is missing. */
  finish(frame: RawFrame, scanner: HeaderScanner): boolean {
    this.buffer = frame.buffer
    this.serializeType = frame.serializeType
    this.code = scanner.code
    this.opaque = scanner.opaque
    this.opaqueStart = scanner.opaqueStart
    this.opaqueEnd = scanner.opaqueEnd
    this.isOneway = (scanner.flag & FLAG_ONEWAY) !== 0
    this.bodyStart = frame.headerEnd
    this.bodyEnd = frame.bodyEnd
    return (this.#seen & REQUIRED_SEEN) === REQUIRED_SEEN
  }

  /** Takes over what the header behind `other` says, with its positions moved by `shift`. */
  takeMoved(other: SendRequestView, shift: number): void {
    this.serializeType = other.serializeType
    this.code = other.code
    this.opaque = other.opaque
    this.opaqueStart = other.opaqueStart + shift
    this.opaqueEnd = other.opaqueEnd + shift
    this.isOneway = other.isOneway
    this.producerGroupStart = other.producerGroupStart + shift
    this.producerGroupEnd = other.producerGroupEnd + shift
    this.topicStart = other.topicStart + shift
    this.topicEnd = other.topicEnd + shift
    this.defaultTopicStart = other.defaultTopicStart + shift
    this.defaultTopicEnd = other.defaultTopicEnd + shift
    this.defaultTopicQueueNums = other.defaultTopicQueueNums
    this.queueId = other.queueId
    this.queueIdStart = other.queueIdStart + shift
    this.queueIdEnd = other.queueIdEnd + shift
    this.sysFlag = other.sysFlag
    this.bornTimestampMs = other.bornTimestampMs
    this.bornTimestampStart = other.bornTimestampStart + shift
    this.bornTimestampEnd = other.bornTimestampEnd + shift
    this.flag = other.flag
    this.propertiesStart = other.propertiesStart + shift
    this.propertiesEnd = other.propertiesEnd + shift
    this.propertiesEscaped = other.propertiesEscaped
    this.reconsumeTimes = other.reconsumeTimes
    this.unitMode = other.unitMode
    this.maxReconsumeTimes = other.maxReconsumeTimes
    this.batch = other.batch
  }

  #takeInt32(field: number, scanner: HeaderScanner): boolean {
    // The broker's name, and whatever this version does not know.
    if (field > MAX_RECONSUME_TIMES) return true
    const value = scanner.int32()
    if (Number.isNaN(value)) return false
    if (field === DEFAULT_TOPIC_QUEUE_NUMS) this.defaultTopicQueueNums = value
    else if (field === QUEUE_ID) this.#takeQueueId(value, scanner)
    else if (field === SYS_FLAG) this.sysFlag = value
    else if (field === FLAG) this.flag = value
    else if (field === RECONSUME_TIMES) this.reconsumeTimes = value
    else this.maxReconsumeTimes = value
    return true
  }

  #takeQueueId(value: number, scanner: HeaderScanner): void {
    this.queueId = value
    this.queueIdStart = scanner.valueStart
    this.queueIdEnd = scanner.valueEnd
  }

  #takeUnitMode(value: number): boolean {
    this.unitMode = value === 1
    return !Number.isNaN(value)
  }

  #takeBatch(value: number): boolean {
    this.batch = value === 1
    return !Number.isNaN(value)
  }
}

const headerScanner = new HeaderScanner()

/**
 * Reads `frame` into `view`. False when it is another command or anything about it is unusual: the
 * generic codec then reads it, or says what is wrong. No allocation while properties are ASCII.
 */
export function scanSendRequest(frame: RawFrame, view: SendRequestView): boolean {
  return headerScanner.scan(frame, view) && view.finish(frame, headerScanner)
}

function shortFieldOf(scanner: HeaderScanner): number {
  if (scanner.nameEnd - scanner.nameStart !== 1) return SHORT_NAME_COUNT
  const field = scanner.buffer[scanner.nameStart]! - LOWER_A
  return field >= 0 && field < SHORT_NAME_COUNT ? field : SHORT_NAME_COUNT
}
