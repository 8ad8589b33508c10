/**
 * Builds the response to one send in the connection's output, in either encoding. Everything that
 * does not change from message to message is a template; between the templates stand digits.
 *
 *   JSON:   {"code":C,"extFields":{"MSG_REGION":"R","TRACE_ON":"true","msgId":"HOST16HEX",
 *           "queueId":"Q","queueOffset":"O","transactionId":"T"},"flag":1,"language":"OTHER",
 *           "opaque":N,"serializeTypeCurrentRPC":"JSON","version":V}
 *   binary: the same fields, see header-binary.ts
 *
 * The msgId of a batch is those of all its messages, joined by commas.
 *
 * A JSON response whose numbers are as long as those of an earlier one is a copy of that one with
 * other digits: one copy instead of a copy for each template.
 */
import { assert } from '../../engine/base/assert.ts'
import { HIGH_WORD, I32_BYTES } from '../../engine/base/units.ts'
import { FRAME_PREFIX_BYTES, SERIALIZE_TYPE_JSON } from '../remoting/frame-format.ts'
import { CODE_AT, encodeHeaderBinary, OPAQUE_AT, REMARK_AT } from '../remoting/header-binary.ts'
import {
  EMPTY_BODY,
  FLAG_RESPONSE,
  REMOTING_LANGUAGE,
  REMOTING_VERSION,
} from '../remoting/remoting-command.ts'
import { asciiBytes } from './byte-codes.ts'
import { DECIMAL_BYTES_MAX, digitCountOf, writeDecimal, writeDigits } from './decimal.ts'
import {
  fieldBytes,
  nameBytes,
  patchFrameWords,
  writeBytes,
  writeNumberField,
} from './frame-patch.ts'
import { IS_PLAIN } from './json-cursor.ts'
import { ESCAPED_BYTES_PER_BYTE, escapeJson } from './json-escape.ts'

/** What the responses of one broker have in common. */
export interface SendResponseConstants {
  /** The record's storeHost: address bytes and port. */
  readonly storeHost: Buffer
  /** Value of MSG_REGION (Java: BrokerConfig.regionId). */
  readonly regionId: string
  /** Value of TRACE_ON (Java: BrokerConfig.traceOn). */
  readonly traceOn: boolean
}

const NO_OFFSETS: readonly number[] = []
const COMMA = ','.charCodeAt(0)

/** What one response says. One object, filled anew for every message. */
export class SendResponseValues {
  /** `SERIALIZE_TYPE_JSON` or `SERIALIZE_TYPE_ROCKETMQ`, as the request. */
  serializeType = SERIALIZE_TYPE_JSON
  /** SUCCESS, or a code that comes with a stored message: FLUSH_DISK_TIMEOUT and its likes. */
  code = 0
  opaque = 0
  queueId = 0
  queueOffset = 0
  physicalOffset = 0
  /** Those of all messages of a batch; empty for a single message. */
  batchOffsets: readonly number[] = NO_OFFSETS
  /** The message's UNIQ_KEY, as UTF-8 without escapes; empty when it has none. */
  transactionId: Uint8Array = EMPTY_BODY
  transactionIdStart = 0
  transactionIdEnd = 0
  /** The transaction id is known to stand in JSON as it is. */
  isPlainTransactionId = false
}

const OFFSET_HEX_DIGITS = 16
/** From message to message these digits of the physical offset change, the others now and then. */
const LAST_HEX_DIGITS = 4
const LAST_DIGITS_RANGE = 2 ** 16
const HALF_OFFSET_HEX_DIGITS = OFFSET_HEX_DIGITS / 2
const HEX_DIGIT_BITS = 4
const HEX_DIGITS = asciiBytes('0123456789ABCDEF')

const JSON_BEGIN = asciiBytes('{"code":')
const JSON_QUEUE_ID = asciiBytes('","queueId":"')
const JSON_QUEUE_OFFSET = asciiBytes('","queueOffset":"')
const JSON_TRANSACTION_ID = asciiBytes('","transactionId":"')
const JSON_OPAQUE = asciiBytes(
  `"},"flag":${FLAG_RESPONSE},"language":"${REMOTING_LANGUAGE}","opaque":`,
)
const JSON_END = asciiBytes(`,"serializeTypeCurrentRPC":"JSON","version":${REMOTING_VERSION}}`)

const BINARY_QUEUE_ID = nameBytes('queueId')
const BINARY_QUEUE_OFFSET = nameBytes('queueOffset')
const BINARY_TRANSACTION_ID = nameBytes('transactionId')

/** A JSON response that was built, and where its digits stand. */
interface BuiltResponse {
  readonly frame: Uint8Array
  readonly code: number
  readonly queueIdDigits: number
  readonly queueOffsetDigits: number
  readonly opaqueDigits: number
  readonly transactionIdBytes: number
  /** The physical offset whose digits stand in `frame`, without the last ones. */
  offsetBase: number
  readonly offsetHexAt: number
  readonly queueIdAt: number
  readonly queueOffsetAt: number
  readonly transactionIdAt: number
  readonly opaqueAt: number
}

/** Built responses are found by the digits of queue offset, opaque and queue id, one or more. */
const DIGITS_SLOTS = 32
const QUEUE_DIGITS_SLOTS = 2
const BASE = 10

export class SendResponseBuilder {
  readonly #built: (BuiltResponse | undefined)[] = new Array(
    DIGITS_SLOTS * DIGITS_SLOTS * QUEUE_DIGITS_SLOTS,
  )
  /** From the code to the message id. */
  readonly #jsonFields: Uint8Array
  /** The whole header up to the length of the message id. */
  readonly #binaryBegin: Uint8Array
  /** What a message id begins with. */
  readonly #hostHex: Uint8Array
  readonly #bytesMax: number

  constructor({ storeHost, regionId, traceOn }: SendResponseConstants) {
    this.#hostHex = Buffer.from(storeHost.toString('hex').toUpperCase())
    const region = JSON.stringify(regionId)
    this.#jsonFields = Buffer.from(
      `,"extFields":{"MSG_REGION":${region},"TRACE_ON":"${traceOn}","msgId":"`,
    )
    this.#binaryBegin = Buffer.concat([
      binaryHead(),
      fieldBytes('MSG_REGION', regionId),
      fieldBytes('TRACE_ON', String(traceOn)),
      nameBytes('msgId'),
    ])
    const templates = [
      this.#jsonFields,
      this.#binaryBegin,
      ...[JSON_BEGIN, JSON_QUEUE_ID, JSON_QUEUE_OFFSET, JSON_TRANSACTION_ID, JSON_OPAQUE, JSON_END],
      ...[BINARY_QUEUE_ID, BINARY_QUEUE_OFFSET, BINARY_TRANSACTION_ID],
    ]
    const numbersBytes = 4 * (I32_BYTES + DECIMAL_BYTES_MAX) + I32_BYTES
    // The sum over both encodings is more than either needs.
    this.#bytesMax = templates.reduce(
      (sum, template) => sum + template.length,
      FRAME_PREFIX_BYTES + numbersBytes,
    )
  }

  /** Room that {@link build} needs for these values. */
  bytesMax(values: SendResponseValues): number {
    const transactionIdBytes = values.transactionIdEnd - values.transactionIdStart
    const messageIdBytes = this.#messageIdBytes(values)
    return this.#bytesMax + messageIdBytes + transactionIdBytes * ESCAPED_BYTES_PER_BYTE
  }

  /** Writes the whole frame at `at`; returns the position behind it. */
  build(values: SendResponseValues, buffer: Buffer, at: number): number {
    const isJson = values.serializeType === SERIALIZE_TYPE_JSON
    if (!isJson || values.batchOffsets.length > 0) return this.#buildAnew(values, buffer, at)
    const slot = slotOf(values)
    const built = this.#built[slot]
    if (built !== undefined && patchBuilt(built, values, buffer, at)) return at + built.frame.length
    const end = this.#buildAnew(values, buffer, at)
    this.#built[slot] = this.#keepBuilt(values, buffer.subarray(at, end)) ?? built
    return end
  }

  /** As {@link build}, from the templates. */
  #buildAnew(values: SendResponseValues, buffer: Buffer, at: number): number {
    const { serializeType } = values
    const headerAt = at + FRAME_PREFIX_BYTES
    const end =
      serializeType === SERIALIZE_TYPE_JSON
        ? this.#buildJson(values, buffer, headerAt)
        : this.#buildBinary(values, buffer, headerAt)
    patchFrameWords(buffer, at, serializeType, end, 0)
    return end
  }

  #buildJson(values: SendResponseValues, buffer: Buffer, at: number): number {
    const { transactionId, transactionIdStart, transactionIdEnd } = values
    let to = writeDecimal(buffer, writeBytes(buffer, at, JSON_BEGIN), values.code)
    to = writeBytes(buffer, to, this.#jsonFields)
    to = this.#writeMessageIds(values, buffer, to)
    to = writeDecimal(buffer, writeBytes(buffer, to, JSON_QUEUE_ID), values.queueId)
    to = writeDecimal(buffer, writeBytes(buffer, to, JSON_QUEUE_OFFSET), values.queueOffset)
    if (transactionIdEnd > transactionIdStart) {
      to = writeBytes(buffer, to, JSON_TRANSACTION_ID)
      to = escapeJson(transactionId, transactionIdStart, transactionIdEnd, buffer, to)
    }
    to = writeDecimal(buffer, writeBytes(buffer, to, JSON_OPAQUE), values.opaque)
    return writeBytes(buffer, to, JSON_END)
  }

  /** Undefined when there is more to such a response than digits and a plain transaction id. */
  #keepBuilt(values: SendResponseValues, frame: Buffer): BuiltResponse | undefined {
    const { code, queueId, queueOffset, opaque, physicalOffset } = values
    const transactionIdBytes = values.transactionIdEnd - values.transactionIdStart
    if (code < 0 || queueId < 0 || opaque < 0 || transactionIdBytes === 0) return undefined
    const queueIdDigits = digitCountOf(queueId)
    const queueOffsetDigits = digitCountOf(queueOffset)
    const opaqueDigits = digitCountOf(opaque)
    const codeEnd = FRAME_PREFIX_BYTES + JSON_BEGIN.length + digitCountOf(code)
    const offsetHexAt = codeEnd + this.#jsonFields.length + this.#hostHex.length
    const queueIdAt = offsetHexAt + OFFSET_HEX_DIGITS + JSON_QUEUE_ID.length
    const queueOffsetAt = queueIdAt + queueIdDigits + JSON_QUEUE_OFFSET.length
    const transactionIdAt = queueOffsetAt + queueOffsetDigits + JSON_TRANSACTION_ID.length
    const opaqueAt = transactionIdAt + transactionIdBytes + JSON_OPAQUE.length
    const isPlain = opaqueAt + opaqueDigits + JSON_END.length === frame.length
    if (!isPlain) return undefined
    return {
      frame: Uint8Array.from(frame),
      code,
      queueIdDigits,
      queueOffsetDigits,
      opaqueDigits,
      transactionIdBytes,
      offsetBase: physicalOffset - (physicalOffset % LAST_DIGITS_RANGE),
      offsetHexAt,
      queueIdAt,
      queueOffsetAt,
      transactionIdAt,
      opaqueAt,
    }
  }

  #messageIdBytes({ batchOffsets }: SendResponseValues): number {
    const idBytes = this.#hostHex.length + OFFSET_HEX_DIGITS
    return Math.max(1, batchOffsets.length) * (idBytes + 1) - 1
  }

  #writeMessageIds(values: SendResponseValues, buffer: Buffer, at: number): number {
    const { batchOffsets, physicalOffset } = values
    let to = writeOffsetHex(
      buffer,
      writeBytes(buffer, at, this.#hostHex),
      batchOffsets[0] ?? physicalOffset,
    )
    for (let index = 1; index < batchOffsets.length; index += 1) {
      buffer[to] = COMMA
      to = writeOffsetHex(buffer, writeBytes(buffer, to + 1, this.#hostHex), batchOffsets[index]!)
    }
    return to
  }

  #buildBinary(values: SendResponseValues, buffer: Buffer, at: number): number {
    const { transactionId, transactionIdStart, transactionIdEnd } = values
    let to = writeBytes(buffer, at, this.#binaryBegin)
    to = buffer.writeInt32BE(this.#messageIdBytes(values), to)
    to = this.#writeMessageIds(values, buffer, to)
    to = writeNumberField(buffer, to, BINARY_QUEUE_ID, values.queueId)
    to = writeNumberField(buffer, to, BINARY_QUEUE_OFFSET, values.queueOffset)
    if (transactionIdEnd > transactionIdStart) {
      to = writeBytes(buffer, to, BINARY_TRANSACTION_ID)
      to = buffer.writeInt32BE(transactionIdEnd - transactionIdStart, to)
      for (let from = transactionIdStart; from < transactionIdEnd; from += 1) {
        buffer[to] = transactionId[from]!
        to += 1
      }
    }
    buffer.writeInt16BE(values.code, at + CODE_AT)
    buffer.writeInt32BE(values.opaque, at + OPAQUE_AT)
    const fieldsAt = at + REMARK_AT + I32_BYTES
    buffer.writeInt32BE(to - fieldsAt, fieldsAt - I32_BYTES)
    return to
  }
}

function slotOf(values: SendResponseValues): number {
  const { queueId, queueOffset, opaque } = values
  const ofOffset = digitCountOf(queueOffset) * DIGITS_SLOTS
  return (ofOffset + digitCountOf(opaque)) * QUEUE_DIGITS_SLOTS + (queueId < BASE ? 0 : 1)
}

/** Writes `built` with the digits of `values`; false when they do not fit. */
function patchBuilt(
  built: BuiltResponse,
  values: SendResponseValues,
  buffer: Buffer,
  at: number,
): boolean {
  const { transactionId, transactionIdStart, transactionIdEnd, queueId, opaque } = values
  if (values.code !== built.code || queueId < 0 || opaque < 0) return false
  if (digitCountOf(queueId) !== built.queueIdDigits) return false
  if (transactionIdEnd - transactionIdStart !== built.transactionIdBytes) return false
  const isPlain =
    values.isPlainTransactionId || isPlainText(transactionId, transactionIdStart, transactionIdEnd)
  if (!isPlain) return false
  keepOffsetBase(built, values.physicalOffset)
  buffer.set(built.frame, at)
  let to = at + built.transactionIdAt
  for (let from = transactionIdStart; from < transactionIdEnd; from += 1) {
    buffer[to] = transactionId[from]!
    to += 1
  }
  const lastDigitsAt = at + built.offsetHexAt + OFFSET_HEX_DIGITS - LAST_HEX_DIGITS
  writeLastHexDigits(buffer, lastDigitsAt, values.physicalOffset - built.offsetBase)
  writeDigits(buffer, at + built.queueIdAt, queueId, built.queueIdDigits)
  writeDigits(buffer, at + built.queueOffsetAt, values.queueOffset, built.queueOffsetDigits)
  writeDigits(buffer, at + built.opaqueAt, opaque, built.opaqueDigits)
  return true
}

function isPlainText(text: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (IS_PLAIN[text[at]!] === 0) return false
  return true
}

/** Lets the frame hold the first digits of this physical offset. */
function keepOffsetBase(built: BuiltResponse, physicalOffset: number): void {
  const lastDigits = physicalOffset - built.offsetBase
  if (lastDigits >= 0 && lastDigits < LAST_DIGITS_RANGE) return
  built.offsetBase = physicalOffset - (physicalOffset % LAST_DIGITS_RANGE)
  writeOffsetHex(built.frame, built.offsetHexAt, physicalOffset)
}

function writeLastHexDigits(buffer: Uint8Array, at: number, value: number): void {
  let rest = value
  for (let position = at + LAST_HEX_DIGITS - 1; position >= at; position -= 1) {
    buffer[position] = HEX_DIGITS[rest & 0xf]!
    rest >>>= HEX_DIGIT_BITS
  }
}

/** A binary response header without remark and fields. */
function binaryHead(): Buffer {
  return encodeHeaderBinary({
    code: 0,
    language: REMOTING_LANGUAGE,
    version: REMOTING_VERSION,
    opaque: 0,
    flag: FLAG_RESPONSE,
    remark: undefined,
    extFields: new Map(),
    body: EMPTY_BODY,
    serializeType: 'ROCKETMQ',
  })
}

/** Sixteen upper-case digits, as in a message id. */
function writeOffsetHex(buffer: Uint8Array, at: number, offset: number): number {
  assert(offset >= 0, 'a physical offset is not negative')
  const middle = at + HALF_OFFSET_HEX_DIGITS
  let high = Math.floor(offset / HIGH_WORD)
  let low = offset - high * HIGH_WORD
  for (let position = middle - 1; position >= at; position -= 1) {
    buffer[position] = HEX_DIGITS[high & 0xf]!
    high >>>= HEX_DIGIT_BITS
    buffer[position + HALF_OFFSET_HEX_DIGITS] = HEX_DIGITS[low & 0xf]!
    low >>>= HEX_DIGIT_BITS
  }
  return middle + HALF_OFFSET_HEX_DIGITS
}
