/** Whole commands: from a frame to a {@link RemotingCommand} and back, in either encoding. */
import { assert } from '../../engine/base/assert.ts'
import { RemotingError } from './errors.ts'
import {
  FRAME_PREFIX_BYTES,
  HEADER_AT,
  HEADER_BYTES_MAX,
  HEADER_WORD_AT,
  headerWord,
  LENGTH_WORD_AT,
  SERIALIZE_TYPE_JSON,
  SERIALIZE_TYPE_ROCKETMQ,
} from './frame-format.ts'
import type { RawFrame } from './frame-splitter.ts'
import { decodeHeaderBinary, encodeHeaderBinary } from './header-binary.ts'
import { decodeHeaderJson, encodeHeaderJson } from './header-json.ts'
import { EMPTY_BODY, type RemotingCommand } from './remoting-command.ts'

/**
 * The command of `frame`. Its body is a copy: the frame's bytes may be overwritten at once.
 * @throws {RemotingError} `REMOTING_HEADER_INVALID`
 */
export function decodeFrame(frame: RawFrame): RemotingCommand {
  const { buffer, headerStart, headerEnd } = frame
  const decodeHeader =
    frame.serializeType === SERIALIZE_TYPE_ROCKETMQ ? decodeHeaderBinary : decodeHeaderJson
  const command = decodeHeader(buffer, headerStart, headerEnd)
  command.body = ownBody(frame)
  return command
}

/** A copy of the body of `frame`. */
export function ownBody({ bodyEnd, buffer, headerEnd }: RawFrame): Buffer {
  return bodyEnd > headerEnd ? Buffer.from(buffer.subarray(headerEnd, bodyEnd)) : EMPTY_BODY
}

/** A header as it goes into a frame: the text of one in JSON, which is encoded in its place. */
export type ReadyHeader = Buffer | string

/** Longest that a character of a text is in UTF-8. */
const UTF8_BYTES_MAX = 3

/** How many bytes `header` takes at most. */
export function headerRoom(header: ReadyHeader): number {
  return typeof header === 'string' ? header.length * UTF8_BYTES_MAX : header.length
}

/** The header of `command` in its own encoding. @throws {RemotingError} as {@link encodeFrame} */
export function encodeHeader(command: RemotingCommand): ReadyHeader {
  const isWhole = command.serializeType === 'JSON' || command.extFieldsJson === undefined
  assert(isWhole, 'ext fields in JSON go in a header in JSON')
  const header =
    command.serializeType === 'ROCKETMQ' ? encodeHeaderBinary(command) : encodeHeaderJson(command)
  if (headerRoom(header) <= HEADER_BYTES_MAX) return header
  const bytes = typeof header === 'string' ? Buffer.byteLength(header) : header.length
  if (bytes <= HEADER_BYTES_MAX) return header
  throw new RemotingError('REMOTING_HEADER_INVALID', `a header has ${bytes} bytes`)
}

/** Writes length word, header word and header at `at`, where there is room for all of it; returns
 *  the position of the body. */
export function writeFrameHead(
  buffer: Buffer,
  at: number,
  head: {
    header: ReadyHeader
    serializeType: RemotingCommand['serializeType']
    bodyBytes: number
  },
): number {
  const { header, serializeType, bodyBytes } = head
  const headerBytes =
    typeof header === 'string'
      ? buffer.write(header, at + HEADER_AT)
      : header.copy(buffer, at + HEADER_AT)
  const type = serializeType === 'ROCKETMQ' ? SERIALIZE_TYPE_ROCKETMQ : SERIALIZE_TYPE_JSON
  buffer.writeInt32BE(HEADER_AT - HEADER_WORD_AT + headerBytes + bodyBytes, at + LENGTH_WORD_AT)
  buffer.writeInt32BE(headerWord(type, headerBytes), at + HEADER_WORD_AT)
  return at + HEADER_AT + headerBytes
}

/**
 * The whole frame of `command` in a buffer of its own.
 * @throws {RemotingError} `REMOTING_HEADER_INVALID` when the header cannot be written
 */
export function encodeFrame(command: RemotingCommand): Buffer {
  const { body, serializeType } = command
  const header = encodeHeader(command)
  const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + headerRoom(header) + body.length)
  const bodyAt = writeFrameHead(frame, 0, { header, serializeType, bodyBytes: body.length })
  frame.set(body, bodyAt)
  return frame.subarray(0, bodyAt + body.length)
}
