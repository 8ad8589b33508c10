/**
 * The binary header, big endian (Java: RocketMQSerializable):
 *
 *    0      2          3         5        9      13              17 + r
 *   +------+----------+---------+--------+------+--------+------+--------+------------+
 *   | code | language | version | opaque | flag | remark |remark| fields | ext fields |
 *   |      |          |         |        |      | length |  r   | length |            |
 *   +------+----------+---------+--------+------+--------+------+--------+------------+
 *     int16   int8      int16     int32    int32  int32    UTF-8  int32
 *
 * One ext field: int16 name length, name in UTF-8, int32 value length, value in UTF-8.
 * Java writes the low 16 bits of a larger code; that is a different code for the reader, so it is
 * an error here.
 */
import { I8_BYTES, I16_BYTES, I32_BYTES } from '../../engine/base/units.ts'
import { RemotingError } from './errors.ts'
import { HEADER_BYTES_MAX } from './frame-format.ts'
import { languageCode, languageOf } from './language-code.ts'
import type { RemotingCommand } from './remoting-command.ts'
import { EMPTY_BODY } from './remoting-command.ts'

export const CODE_AT = 0
export const LANGUAGE_AT = CODE_AT + I16_BYTES
export const VERSION_AT = LANGUAGE_AT + I8_BYTES
export const OPAQUE_AT = VERSION_AT + I16_BYTES
export const FLAG_AT = OPAQUE_AT + I32_BYTES
export const REMARK_LENGTH_AT = FLAG_AT + I32_BYTES
export const REMARK_AT = REMARK_LENGTH_AT + I32_BYTES

/** Bytes of a header without remark and ext fields. */
export const BINARY_HEADER_BYTES_MIN = REMARK_AT + I32_BYTES

/** Largest code that the binary header carries. */
export const CODE_MAX = 0x7fff
const NAME_BYTES_MAX = 0x7fff

/**
 * The header of `command` as bytes.
 * @throws {RemotingError} `REMOTING_HEADER_INVALID` when a field is too large for the encoding
 */
export function encodeHeaderBinary(command: RemotingCommand): Buffer {
  const remark = command.remark ?? ''
  const remarkBytes = Buffer.byteLength(remark)
  const fieldsBytes = sizeOfExtFields(command.extFields)
  const buffer = Buffer.allocUnsafe(BINARY_HEADER_BYTES_MIN + remarkBytes + fieldsBytes)
  if (command.code > CODE_MAX) throw invalid(`code ${command.code} does not fit in 16 bits`)
  buffer.writeInt16BE(command.code, CODE_AT)
  buffer.writeInt8(languageCode(command.language), LANGUAGE_AT)
  buffer.writeInt16BE(command.version, VERSION_AT)
  buffer.writeInt32BE(command.opaque, OPAQUE_AT)
  buffer.writeInt32BE(command.flag, FLAG_AT)
  buffer.writeInt32BE(remarkBytes, REMARK_LENGTH_AT)
  let at = REMARK_AT + buffer.write(remark, REMARK_AT)
  at = buffer.writeInt32BE(fieldsBytes, at)
  for (const [name, value] of command.extFields) {
    at = buffer.writeInt16BE(Buffer.byteLength(name), at)
    at += buffer.write(name, at)
    at = buffer.writeInt32BE(Buffer.byteLength(value), at)
    at += buffer.write(value, at)
  }
  return buffer
}

function sizeOfExtFields(extFields: Map<string, string>): number {
  let bytes = 0
  for (const [name, value] of extFields) {
    const nameBytes = Buffer.byteLength(name)
    if (nameBytes > NAME_BYTES_MAX) throw invalid(`a field's name has ${nameBytes} bytes`)
    bytes += I16_BYTES + nameBytes + I32_BYTES + Buffer.byteLength(value)
  }
  return bytes
}

/**
 * Reads the binary header at `start..end`; the command's body is empty.
 * @throws {RemotingError} `REMOTING_HEADER_INVALID`
 */
export function decodeHeaderBinary(buffer: Buffer, start: number, end: number): RemotingCommand {
  const headerBytes = end - start
  if (headerBytes < BINARY_HEADER_BYTES_MIN) throw invalid(`it has ${headerBytes} bytes`)
  if (headerBytes > HEADER_BYTES_MAX) throw invalid(`it has ${headerBytes} bytes`)
  const remarkAt = start + REMARK_AT
  const remarkBytes = buffer.readInt32BE(start + REMARK_LENGTH_AT)
  if (remarkBytes < 0 || remarkBytes > end - remarkAt - I32_BYTES) {
    throw invalid(`its remark has ${remarkBytes} bytes`)
  }
  const fieldsAt = remarkAt + remarkBytes + I32_BYTES
  const fieldsBytes = buffer.readInt32BE(remarkAt + remarkBytes)
  if (fieldsBytes < 0 || fieldsBytes > end - fieldsAt) {
    throw invalid(`its ext fields have ${fieldsBytes} bytes`)
  }
  return {
    code: buffer.readInt16BE(start + CODE_AT),
    language: languageOf(buffer.readInt8(start + LANGUAGE_AT)),
    version: buffer.readInt16BE(start + VERSION_AT),
    opaque: buffer.readInt32BE(start + OPAQUE_AT),
    flag: buffer.readInt32BE(start + FLAG_AT),
    remark: remarkBytes === 0 ? undefined : buffer.toString('utf8', remarkAt, fieldsAt - I32_BYTES),
    extFields: decodeExtFields(buffer, fieldsAt, fieldsAt + fieldsBytes),
    body: EMPTY_BODY,
    serializeType: 'ROCKETMQ',
  }
}

function decodeExtFields(buffer: Buffer, start: number, end: number): Map<string, string> {
  const extFields = new Map<string, string>()
  let at = start
  while (at < end) {
    if (end - at < I16_BYTES) throw invalid('a field is cut short')
    const nameAt = at + I16_BYTES
    const nameBytes = buffer.readInt16BE(at)
    if (nameBytes < 0 || nameBytes > end - nameAt - I32_BYTES) throw invalid('a name is cut short')
    const valueAt = nameAt + nameBytes + I32_BYTES
    const valueBytes = buffer.readInt32BE(nameAt + nameBytes)
    if (valueBytes < 0 || valueBytes > end - valueAt) throw invalid('a value is cut short')
    const name = buffer.toString('utf8', nameAt, nameAt + nameBytes)
    at = valueAt + valueBytes
    extFields.set(name, buffer.toString('utf8', valueAt, at))
  }
  return extFields
}

function invalid(why: string): RemotingError {
  return new RemotingError('REMOTING_HEADER_INVALID', `the binary header is not valid: ${why}`)
}
