/**
 * Builds the head of a pull's response in the connection's output, in either encoding: frame words
 * and header. The body, raw records, follows as slices.
 *
 *   {"code":C,"extFields":{"groupSysFlag":"G","maxOffset":"X","minOffset":"I",
 *    "nextBeginOffset":"B","suggestWhichBrokerId":"S","topicSysFlag":"T"},"flag":1,
 *    "language":"OTHER","opaque":N,"remark":"FOUND","serializeTypeCurrentRPC":"JSON","version":V}
 */
import { I32_BYTES } from '../../engine/base/units.ts'
import { FRAME_PREFIX_BYTES, SERIALIZE_TYPE_JSON } from '../remoting/frame-format.ts'
import {
  BINARY_HEADER_BYTES_MIN,
  CODE_AT,
  FLAG_AT,
  LANGUAGE_AT,
  OPAQUE_AT,
  REMARK_AT,
  REMARK_LENGTH_AT,
  VERSION_AT,
} from '../remoting/header-binary.ts'
import { languageCode } from '../remoting/language-code.ts'
import { FLAG_RESPONSE, REMOTING_LANGUAGE, REMOTING_VERSION } from '../remoting/remoting-command.ts'
import { asciiBytes } from './byte-codes.ts'
import { DECIMAL_BYTES_MAX, writeDecimal } from './decimal.ts'
import { nameBytes, patchFrameWords, writeBytes, writeNumberField } from './frame-patch.ts'

/** What one response says. One object, filled anew for every response. */
export class PullResponseValues {
  /** `SERIALIZE_TYPE_JSON` or `SERIALIZE_TYPE_ROCKETMQ`, as the request. */
  serializeType = SERIALIZE_TYPE_JSON
  code = 0
  opaque = 0
  /** The status by its name in Java's GetMessageStatus: ASCII that needs no escapes. */
  remark: Uint8Array = asciiBytes('FOUND')
  suggestWhichBrokerId = 0
  nextBeginOffset = 0
  minOffset = 0
  maxOffset = 0
  topicSysFlag = 0
  groupSysFlag = 0
  /** Bytes that follow as the body. */
  bodyBytes = 0
}

/** The fields in the order in which they are written. */
const FIELD_NAMES = [
  'groupSysFlag',
  'maxOffset',
  'minOffset',
  'nextBeginOffset',
  'suggestWhichBrokerId',
  'topicSysFlag',
] as const satisfies readonly (keyof PullResponseValues)[]

const JSON_BEGIN = asciiBytes('{"code":')
const JSON_GROUP_SYS_FLAG = asciiBytes(',"extFields":{"groupSysFlag":"')
const JSON_MAX_OFFSET = asciiBytes('","maxOffset":"')
const JSON_MIN_OFFSET = asciiBytes('","minOffset":"')
const JSON_NEXT_BEGIN_OFFSET = asciiBytes('","nextBeginOffset":"')
const JSON_SUGGEST = asciiBytes('","suggestWhichBrokerId":"')
const JSON_TOPIC_SYS_FLAG = asciiBytes('","topicSysFlag":"')
const JSON_OPAQUE = asciiBytes(
  `"},"flag":${FLAG_RESPONSE},"language":"${REMOTING_LANGUAGE}","opaque":`,
)
const JSON_REMARK = asciiBytes(',"remark":"')
const JSON_END = asciiBytes(`","serializeTypeCurrentRPC":"JSON","version":${REMOTING_VERSION}}`)

const [
  BINARY_GROUP_SYS_FLAG,
  BINARY_MAX_OFFSET,
  BINARY_MIN_OFFSET,
  BINARY_NEXT_BEGIN_OFFSET,
  BINARY_SUGGEST,
  BINARY_TOPIC_SYS_FLAG,
] = FIELD_NAMES.map(nameBytes) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer]
const LANGUAGE_CODE = languageCode(REMOTING_LANGUAGE)

const FIELD_BYTES_MAX = FIELD_NAMES.reduce(
  (sum, name) => sum + nameBytes(name).length + I32_BYTES + DECIMAL_BYTES_MAX,
  0,
)
const JSON_FIXED_BYTES = [
  ...[JSON_BEGIN, JSON_GROUP_SYS_FLAG, JSON_MAX_OFFSET, JSON_MIN_OFFSET, JSON_NEXT_BEGIN_OFFSET],
  ...[JSON_SUGGEST, JSON_TOPIC_SYS_FLAG, JSON_OPAQUE, JSON_REMARK, JSON_END],
].reduce((sum, bytes) => sum + bytes.length, 0)

/** Room that {@link buildPullResponseHead} needs beside the remark. */
export const PULL_RESPONSE_HEAD_BYTES_MAX =
  FRAME_PREFIX_BYTES +
  BINARY_HEADER_BYTES_MIN +
  FIELD_BYTES_MAX +
  JSON_FIXED_BYTES +
  2 * DECIMAL_BYTES_MAX

/** Writes frame words and header at `at`; returns the position behind them. */
export function buildPullResponseHead(
  values: PullResponseValues,
  buffer: Buffer,
  at: number,
): number {
  const json = values.serializeType === SERIALIZE_TYPE_JSON
  const headerAt = at + FRAME_PREFIX_BYTES
  const end = json ? buildJson(values, buffer, headerAt) : buildBinary(values, buffer, headerAt)
  patchFrameWords(buffer, at, values.serializeType, end, values.bodyBytes)
  return end
}

function buildJson(values: PullResponseValues, buffer: Buffer, at: number): number {
  let to = writeDecimal(buffer, writeBytes(buffer, at, JSON_BEGIN), values.code)
  to = writeDecimal(buffer, writeBytes(buffer, to, JSON_GROUP_SYS_FLAG), values.groupSysFlag)
  to = writeDecimal(buffer, writeBytes(buffer, to, JSON_MAX_OFFSET), values.maxOffset)
  to = writeDecimal(buffer, writeBytes(buffer, to, JSON_MIN_OFFSET), values.minOffset)
  to = writeDecimal(buffer, writeBytes(buffer, to, JSON_NEXT_BEGIN_OFFSET), values.nextBeginOffset)
  to = writeDecimal(buffer, writeBytes(buffer, to, JSON_SUGGEST), values.suggestWhichBrokerId)
  to = writeDecimal(buffer, writeBytes(buffer, to, JSON_TOPIC_SYS_FLAG), values.topicSysFlag)
  to = writeDecimal(buffer, writeBytes(buffer, to, JSON_OPAQUE), values.opaque)
  to = writeBytes(buffer, writeBytes(buffer, to, JSON_REMARK), values.remark)
  return writeBytes(buffer, to, JSON_END)
}

function buildBinary(values: PullResponseValues, buffer: Buffer, at: number): number {
  buffer.writeInt16BE(values.code, at + CODE_AT)
  buffer.writeInt8(LANGUAGE_CODE, at + LANGUAGE_AT)
  buffer.writeInt16BE(REMOTING_VERSION, at + VERSION_AT)
  buffer.writeInt32BE(values.opaque, at + OPAQUE_AT)
  buffer.writeInt32BE(FLAG_RESPONSE, at + FLAG_AT)
  buffer.writeInt32BE(values.remark.length, at + REMARK_LENGTH_AT)
  const fieldsAt = writeBytes(buffer, at + REMARK_AT, values.remark) + I32_BYTES
  let to = writeNumberField(buffer, fieldsAt, BINARY_GROUP_SYS_FLAG, values.groupSysFlag)
  to = writeNumberField(buffer, to, BINARY_MAX_OFFSET, values.maxOffset)
  to = writeNumberField(buffer, to, BINARY_MIN_OFFSET, values.minOffset)
  to = writeNumberField(buffer, to, BINARY_NEXT_BEGIN_OFFSET, values.nextBeginOffset)
  to = writeNumberField(buffer, to, BINARY_SUGGEST, values.suggestWhichBrokerId)
  to = writeNumberField(buffer, to, BINARY_TOPIC_SYS_FLAG, values.topicSysFlag)
  buffer.writeInt32BE(to - fieldsAt, fieldsAt - I32_BYTES)
  return to
}
