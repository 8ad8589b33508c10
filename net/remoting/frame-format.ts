/**
 * The frame, big endian (Java: RemotingCommand.encode, NettyDecoder):
 *
 *    0        4                8
 *   +--------+------+---------+------------------+----------------+
 *   | length | type | header  | header           | body           |
 *   |        |      | length  | header length    | what is left   |
 *   +--------+------+---------+------------------+----------------+
 *     4 bytes 1 byte  3 bytes
 *
 * `length` counts everything behind itself. `type` is the encoding of the header:
 * 0 is JSON, 1 is RocketMQ's binary header.
 */
import { assert } from '../../engine/base/assert.ts'
import { I32_BYTES, MIB } from '../../engine/base/units.ts'

export const LENGTH_WORD_AT = 0
export const HEADER_WORD_AT = LENGTH_WORD_AT + I32_BYTES
export const HEADER_AT = HEADER_WORD_AT + I32_BYTES

/** Bytes before the header: the length word and the header word. */
export const FRAME_PREFIX_BYTES = HEADER_AT
/** The least value of the length word: the header word alone. */
export const LENGTH_WORD_MIN = I32_BYTES

/** Encodings of the header, as the byte in the header word (Java: SerializeType). */
export const SERIALIZE_TYPE_JSON = 0
export const SERIALIZE_TYPE_ROCKETMQ = 1

const SERIALIZE_TYPE_SHIFT = 24
const HEADER_LENGTH_MASK = 0xff_ffff

/** The first byte of a TLS record that opens a handshake. */
export const TLS_HANDSHAKE_BYTE = 0x16

/** Frames of this size have a length word whose first byte would be taken for TLS. */
export const FRAME_BYTES_LIMIT = TLS_HANDSHAKE_BYTE * 2 ** SERIALIZE_TYPE_SHIFT
/** Longest header that is parsed. A header carries at most 32 KiB of properties, escaped. */
export const HEADER_BYTES_MAX = MIB

assert(FRAME_PREFIX_BYTES === 2 * I32_BYTES, 'a frame begins with two words')
assert(HEADER_BYTES_MAX <= HEADER_LENGTH_MASK, 'a header length fits its three bytes')

/** The header word of a header of `headerBytes` in the encoding `serializeType`. */
export function headerWord(serializeType: number, headerBytes: number): number {
  assert(headerBytes <= HEADER_LENGTH_MASK, 'a header length fits its three bytes')
  return (serializeType << SERIALIZE_TYPE_SHIFT) | headerBytes
}

export function serializeTypeOf(word: number): number {
  return word >>> SERIALIZE_TYPE_SHIFT
}

export function headerBytesOf(word: number): number {
  return word & HEADER_LENGTH_MASK
}
