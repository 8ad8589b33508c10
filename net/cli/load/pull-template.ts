/**
 * The request of one pull (PULL_MESSAGE, 11), with the fields that the Java client's pull consumer
 * sends. Its opaque has a fixed width; the queue offset has as many digits as it needs, so there is
 * one frame for each count of digits.
 */
import { assert } from '../../../engine/base/assert.ts'
import { encodeHeaderFields } from '../../protocol/header-table.ts'
import { EXPRESSION_TYPE_TAG } from '../../protocol/heartbeat.ts'
import { PullMessageRequestHeader } from '../../protocol/pull-message.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { encodeFrame } from '../../remoting/command-codec.ts'
import { createRequest } from '../../remoting/remoting-command.ts'
import { writeDecimal } from './fixed-digits.ts'
import { OPAQUE_DIGITS, OPAQUE_FIRST } from './opaque-slots.ts'

/** Which messages a pull asks for. */
export interface PullFilter {
  readonly expression: string
  /** TAG or SQL92. */
  readonly expressionType: string
}

const EVERYTHING: PullFilter = { expression: '*', expressionType: EXPRESSION_TYPE_TAG }

/** What all pulls of a queue have in common. */
export interface PullShape {
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
  readonly consumerGroup: string
  /** Most messages that one pull asks for. */
  readonly messageCountMax: number
  /** Bits of `PULL_SYS_FLAG`. */
  readonly sysFlag: number
  /** How long the broker may wait for a message, in milliseconds. */
  readonly suspendMs: number
  /** @default every message */
  readonly filter?: PullFilter | undefined
}

interface PullFrame {
  readonly frame: Buffer
  readonly opaqueAt: number
  readonly queueOffsetAt: number
}

const PULL_BYTES_MAX = 256 * 1024
const DECIMAL = 10

/** The frames of one queue's pulls. A frame is valid until the next one of the same queue. */
export class PullTemplate {
  readonly #shape: PullShape
  /** By count of digits of the queue offset. */
  readonly #frames: PullFrame[] = []

  constructor(shape: PullShape) {
    this.#shape = shape
  }

  frame(opaque: number, queueOffset: number): Buffer {
    const digitCount = String(queueOffset).length
    this.#frames[digitCount] ??= createPullFrame(this.#shape, digitCount)
    const { frame, opaqueAt, queueOffsetAt } = this.#frames[digitCount]
    writeDecimal(frame, opaqueAt, OPAQUE_DIGITS, opaque)
    writeDecimal(frame, queueOffsetAt, digitCount, queueOffset)
    return frame
  }
}

function createPullFrame(shape: PullShape, digitCount: number): PullFrame {
  const { expression, expressionType } = shape.filter ?? EVERYTHING
  const queueOffset = digitCount === 1 ? 0 : DECIMAL ** (digitCount - 1)
  const extFields = encodeHeaderFields(PullMessageRequestHeader, {
    consumerGroup: shape.consumerGroup,
    topic: shape.topic,
    queueId: shape.queueId,
    queueOffset,
    maxMsgNums: shape.messageCountMax,
    sysFlag: shape.sysFlag,
    commitOffset: 0,
    suspendTimeoutMillis: shape.suspendMs,
    subscription: expression,
    subVersion: 0,
    expressionType,
    maxMsgBytes: PULL_BYTES_MAX,
    bname: shape.brokerName,
  })
  const request = createRequest(RequestCode.PULL_MESSAGE, { extFields })
  const frame = encodeFrame({ ...request, language: 'JAVA', opaque: OPAQUE_FIRST })
  return {
    frame,
    opaqueAt: placeBehind(frame, '"opaque":'),
    queueOffsetAt: placeBehind(frame, '"queueOffset":"'),
  }
}

function placeBehind(frame: Buffer, text: string): number {
  const at = frame.lastIndexOf(text)
  assert(at !== -1, 'the field is there')
  return at + text.length
}
