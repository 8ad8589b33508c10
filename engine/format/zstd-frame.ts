/**
 * What a Zstandard frame says of its content's size, without reading the content (RFC 8878):
 *
 *     ┌──────────────────────────────────────────────────────────────────┐
 *     │ magic 0xFD2FB528                                          4 bytes │
 *     │ descriptor: bits 6, 7 size of the content size            1 byte  │
 *     │             bit 5     no window descriptor                        │
 *     │             bit 2     a checksum ends the frame                   │
 *     │             bits 0, 1 size of the dictionary id                   │
 *     │ window descriptor                                    0 or 1 byte  │
 *     │ dictionary id                               0, 1, 2 or 4 bytes    │
 *     │ content size                             0, 1, 2, 4 or 8 bytes    │
 *     ├──────────────────────────────────────────────────────────────────┤
 *     │ block header: bit 0 last, bits 1, 2 type, rest size       3 bytes │ again
 *     │ block                                  size bytes, one of a run   │ and again
 *     ├──────────────────────────────────────────────────────────────────┤
 *     │ checksum                                             0 or 4 bytes │
 *     └──────────────────────────────────────────────────────────────────┘
 *
 * Little-endian, unlike everything of RocketMQ's own.
 */

import { I16_BYTES, I32_BYTES, KIB } from '../base/units.ts'

const MAGIC = 0xfd2fb528
const DESCRIPTOR_AT = I32_BYTES
const HEADER_REST_AT = DESCRIPTOR_AT + 1
const CONTENT_SIZE_SHIFT = 6
const SINGLE_SEGMENT_FLAG = 1 << 5
const CHECKSUM_FLAG = 1 << 2
const DICTIONARY_MASK = 0x3
const DICTIONARY_BYTES = [0, 1, I16_BYTES, I32_BYTES] as const
/** What two bytes count from: less needs one. */
const TWO_BYTE_CONTENT_MIN = 256
const BLOCK_HEADER_BYTES = 3
const BLOCK_LAST_FLAG = 1
const BLOCK_TYPE_SHIFT = 1
const BLOCK_TYPE_MASK = 0x3
const BLOCK_SIZE_SHIFT = 3
const BLOCK_CONTENT_BYTES_MAX = 128 * KIB
const BLOCK_RAW = 0
const BLOCK_RUN = 1
const BLOCK_COMPRESSED = 2

/**
 * The most bytes that the content of `frame` can have, by what its blocks can hold; undefined when
 * it is not one whole frame, or claims to hold more.
 */
export function zstdContentBound(frame: Buffer): number | undefined {
  if (frame.length < HEADER_REST_AT || frame.readUInt32LE(0) !== MAGIC) return undefined
  const descriptor = frame[DESCRIPTOR_AT]!
  const hasWindow = (descriptor & SINGLE_SEGMENT_FLAG) === 0
  const sizeAt =
    HEADER_REST_AT + (hasWindow ? 1 : 0) + DICTIONARY_BYTES[descriptor & DICTIONARY_MASK]!
  const sizeBytes = contentSizeBytes(descriptor, hasWindow)
  if (frame.length < sizeAt + sizeBytes) return undefined
  const blocks = walkBlocks(frame, sizeAt + sizeBytes)
  const checksumBytes = (descriptor & CHECKSUM_FLAG) === 0 ? 0 : I32_BYTES
  if (blocks === undefined || blocks.end + checksumBytes !== frame.length) return undefined
  const claimedBytes = readContentSize(frame, sizeAt, sizeBytes)
  return claimedBytes > blocks.contentBytesMax ? undefined : blocks.contentBytesMax
}

function contentSizeBytes(descriptor: number, hasWindow: boolean): number {
  const code = descriptor >> CONTENT_SIZE_SHIFT
  if (code === 0) return hasWindow ? 0 : 1
  return 1 << code
}

function readContentSize(frame: Buffer, at: number, bytes: number): number {
  switch (bytes) {
    case 0:
      return 0
    case 1:
      return frame[at]!
    case I16_BYTES:
      return frame.readUInt16LE(at) + TWO_BYTE_CONTENT_MIN
    case I32_BYTES:
      return frame.readUInt32LE(at)
    default:
      return Number(frame.readBigUInt64LE(at))
  }
}

/** Where the blocks that begin at `start` end, and how much they can hold. */
function walkBlocks(
  frame: Buffer,
  start: number,
): { readonly end: number; readonly contentBytesMax: number } | undefined {
  let contentBytesMax = 0
  for (let at = start; at + BLOCK_HEADER_BYTES <= frame.length; ) {
    const header = frame.readUIntLE(at, BLOCK_HEADER_BYTES)
    const size = header >> BLOCK_SIZE_SHIFT
    const type = (header >> BLOCK_TYPE_SHIFT) & BLOCK_TYPE_MASK
    if (type > BLOCK_COMPRESSED || size > BLOCK_CONTENT_BYTES_MAX) return undefined
    at += BLOCK_HEADER_BYTES + (type === BLOCK_RUN ? 1 : size)
    contentBytesMax += type === BLOCK_RAW || type === BLOCK_RUN ? size : BLOCK_CONTENT_BYTES_MAX
    if ((header & BLOCK_LAST_FLAG) !== 0) return { end: at, contentBytesMax }
  }
  return undefined
}
