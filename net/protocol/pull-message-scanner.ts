/**
 * Reads PULL_MESSAGE (11) and LITE_PULL_MESSAGE (361) where they lie in the receive buffer. One
 * view is reused for every request.
 */
import type { RawFrame } from '../remoting/frame-splitter.ts'
import type { FieldTarget } from './header-scanner.ts'
import { HeaderScanner } from './header-scanner.ts'
import { NameTable } from './name-table.ts'
import { PullMessageRequestHeader } from './pull-message.ts'
import { RequestCode } from './request-code.ts'

const NAMES = Object.keys(PullMessageRequestHeader)
const NAME_TABLE = new NameTable(NAMES)
const UNKNOWN = NAMES.length

/** The fields in the order of the header table. */
const CONSUMER_GROUP = fieldOf('consumerGroup')
const TOPIC = fieldOf('topic')
const QUEUE_ID = fieldOf('queueId')
const QUEUE_OFFSET = fieldOf('queueOffset')
const MAX_MSG_NUMS = fieldOf('maxMsgNums')
const SYS_FLAG = fieldOf('sysFlag')
const COMMIT_OFFSET = fieldOf('commitOffset')
const SUSPEND_TIMEOUT = fieldOf('suspendTimeoutMillis')
const SUBSCRIPTION = fieldOf('subscription')
const SUB_VERSION = fieldOf('subVersion')
const EXPRESSION_TYPE = fieldOf('expressionType')
const MAX_MSG_BYTES = fieldOf('maxMsgBytes')
const REQUEST_SOURCE = fieldOf('requestSource')
const BROKER_NAME = fieldOf('bname')

const REQUIRED_SEEN = requiredBits()

/** `maxMsgBytes` of a request that does not say: an int's largest value. */
export const MAX_MSG_BYTES_UNSET = 0x7fff_ffff

/**
 * One pull request as positions and numbers. Positions lie in `buffer` and are valid as long as
 * the frame is.
 */
export class PullRequestView implements FieldTarget {
  buffer: Buffer = Buffer.alloc(0)
  /** `SERIALIZE_TYPE_JSON` or `SERIALIZE_TYPE_ROCKETMQ`, also for the response. */
  serializeType = 0
  code = 0
  opaque = 0
  /** ASCII without escapes. */
  consumerGroupStart = 0
  consumerGroupEnd = 0
  /** ASCII without escapes. */
  topicStart = 0
  topicEnd = 0
  queueId = 0
  queueOffset = 0
  maxMsgNums = 0
  /** Bits of `PULL_SYS_FLAG`. */
  sysFlag = 0
  commitOffset = 0
  suspendTimeoutMs = 0
  /** Empty when the request has no subscription. UTF-8, perhaps with JSON escapes. */
  subscriptionStart = 0
  subscriptionEnd = 0
  subscriptionEscaped = false
  subVersion = 0
  /** Empty when the request does not say: then it is a tag filter. ASCII without escapes. */
  expressionTypeStart = 0
  expressionTypeEnd = 0
  /** {@link MAX_MSG_BYTES_UNSET} when the request does not say. */
  maxMsgBytes = MAX_MSG_BYTES_UNSET
  #seen = 0

  begin(code: number): boolean {
    if (code !== RequestCode.PULL_MESSAGE && code !== RequestCode.LITE_PULL_MESSAGE) return false
    this.#seen = 0
    this.subscriptionStart = 0
    this.subscriptionEnd = 0
    this.subscriptionEscaped = false
    this.expressionTypeStart = 0
    this.expressionTypeEnd = 0
    this.maxMsgBytes = MAX_MSG_BYTES_UNSET
    return true
  }

  takeField(scanner: HeaderScanner): boolean {
    const field = NAME_TABLE.indexOf(scanner.buffer, scanner.nameStart, scanner.nameEnd)
    this.#seen |= 1 << field
    switch (field) {
      case CONSUMER_GROUP:
        this.consumerGroupStart = scanner.valueStart
        this.consumerGroupEnd = scanner.valueEnd
        return scanner.isPlainText()
      case TOPIC:
        this.topicStart = scanner.valueStart
        this.topicEnd = scanner.valueEnd
        return scanner.isPlainText()
      case SUBSCRIPTION:
        this.subscriptionStart = scanner.valueStart
        this.subscriptionEnd = scanner.valueEnd
        this.subscriptionEscaped = scanner.escaped
        return scanner.isText()
      case EXPRESSION_TYPE:
        this.expressionTypeStart = scanner.valueStart
        this.expressionTypeEnd = scanner.valueEnd
        return scanner.isPlainText()
      case BROKER_NAME:
      case UNKNOWN:
        return true
      default:
        return this.#takeNumber(field, scanner)
    }
  }

  /** What the frame says beside its ext fields; false when a required field is missing. */
  finish(frame: RawFrame, scanner: HeaderScanner): boolean {
    this.buffer = frame.buffer
    this.serializeType = frame.serializeType
    this.code = scanner.code
    this.opaque = scanner.opaque
    return (this.#seen & REQUIRED_SEEN) === REQUIRED_SEEN
  }

  #takeNumber(field: number, scanner: HeaderScanner): boolean {
    const isLong =
      field === QUEUE_OFFSET ||
      field === COMMIT_OFFSET ||
      field === SUSPEND_TIMEOUT ||
      field === SUB_VERSION
    const value = isLong ? scanner.int64() : scanner.int32()
    // Lite topics and what a proxy adds are not for this path.
    if (Number.isNaN(value) || field > REQUEST_SOURCE) return false
    if (field === QUEUE_ID) this.queueId = value
    else if (field === QUEUE_OFFSET) this.queueOffset = value
    else if (field === MAX_MSG_NUMS) this.maxMsgNums = value
    else if (field === SYS_FLAG) this.sysFlag = value
    else if (field === COMMIT_OFFSET) this.commitOffset = value
    else if (field === SUSPEND_TIMEOUT) this.suspendTimeoutMs = value
    else if (field === SUB_VERSION) this.subVersion = value
    else if (field === MAX_MSG_BYTES) this.maxMsgBytes = value
    return true
  }
}

const headerScanner = new HeaderScanner()

/**
 * Reads `frame` into `view`. False when it is another command or anything about it is unusual: the
 * generic codec then reads it, or says what is wrong. No allocation while texts are ASCII.
 */
export function scanPullRequest(frame: RawFrame, view: PullRequestView): boolean {
  return headerScanner.scan(frame, view) && view.finish(frame, headerScanner)
}

function fieldOf(name: keyof typeof PullMessageRequestHeader): number {
  return NAMES.indexOf(name)
}

function requiredBits(): number {
  let bits = 0
  for (const [index, field] of Object.values(PullMessageRequestHeader).entries()) {
    if (field.required) bits |= 1 << index
  }
  return bits
}
