/**
 * The hashes of one sealed segment, in the file `agena/blocks-SEGMENT`: what its bytes were when it
 * was sealed. A record's CRC covers its body alone, these cover all.
 *
 *     ┌──────────────────────────────────────────────────────────────────────┐ 0
 *     │ magic: BLOCK_HASHES_MAGIC                                     int32  │
 *     │ length of a block                          bytes              int32  │
 *     │ first physical offset of the segment       bytes of the log   int64  │
 *     │ length of the segment                      bytes              int64  │
 *     │ made at                                    ms since 1970      int64  │
 *     ├──────────────────────────────────────────────────────────────────────┤ 32
 *     │ XXH64 of each block, seed 0, the last block may be shorter    int64… │
 *     ├──────────────────────────────────────────────────────────────────────┤ 32 + 8 × blocks
 *     │ checksum of all before, see crc.ts                            int32  │
 *     └──────────────────────────────────────────────────────────────────────┘
 *
 * Big-endian. Java knows nothing like it.
 */

import { assert } from '../base/assert.ts'
import { I32_BYTES, I64_BYTES, MIB } from '../base/units.ts'
import { readInt32, readInt64, writeInt32, writeInt64 } from './big-endian.ts'
import { bodyCrcOf } from './crc.ts'

/** "AgB1" in ASCII. */
const BLOCK_HASHES_MAGIC = 0x4167_4231

const MAGIC_AT = 0
const BLOCK_BYTES_AT = MAGIC_AT + I32_BYTES
const SEGMENT_START_AT = BLOCK_BYTES_AT + I32_BYTES
const SEGMENT_BYTES_AT = SEGMENT_START_AT + I64_BYTES
const MADE_AT_AT = SEGMENT_BYTES_AT + I64_BYTES
const HASHES_AT = MADE_AT_AT + I64_BYTES

/** Length of the blocks that are hashed from now on, in bytes. */
export const HASHED_BLOCK_BYTES = 4 * MIB

export interface BlockHashes {
  /** Physical offset of the segment's first byte. */
  readonly segmentStart: number
  /** Length of the segment, in bytes. */
  readonly segmentBytes: number
  /** Length of each block but the last, in bytes. */
  readonly blockBytes: number
  /** When the segment was hashed, in ms since 1970. */
  readonly madeAtMs: number
  /** XXH64 of each block, 16 hexadecimal digits. */
  readonly hashes: readonly string[]
}

/** How many blocks a segment has. */
export function blockCountOf(segmentBytes: number, blockBytes: number): number {
  return Math.ceil(segmentBytes / blockBytes)
}

/** The whole file. */
export function encodeBlockHashes(blockHashes: BlockHashes): Buffer {
  const { segmentStart, segmentBytes, blockBytes, madeAtMs, hashes } = blockHashes
  assert(hashes.length === blockCountOf(segmentBytes, blockBytes), 'a hash for each block')
  const crcAt = HASHES_AT + hashes.length * I64_BYTES
  const file = Buffer.alloc(crcAt + I32_BYTES)
  writeInt32(file, MAGIC_AT, BLOCK_HASHES_MAGIC)
  writeInt32(file, BLOCK_BYTES_AT, blockBytes)
  writeInt64(file, SEGMENT_START_AT, segmentStart)
  writeInt64(file, SEGMENT_BYTES_AT, segmentBytes)
  writeInt64(file, MADE_AT_AT, madeAtMs)
  for (const [block, hash] of hashes.entries()) {
    const written = file.write(hash, HASHES_AT + block * I64_BYTES, 'hex')
    assert(written === I64_BYTES, 'a hash has 16 digits')
  }
  writeInt32(file, crcAt, bodyCrcOf(file, 0, crcAt))
  return file
}

/** What a file holds; undefined when it is not whole. */
export function decodeBlockHashes(file: Buffer): BlockHashes | undefined {
  const crcAt = file.length - I32_BYTES
  if (crcAt < HASHES_AT || readInt32(file, MAGIC_AT) !== BLOCK_HASHES_MAGIC) return undefined
  if (readInt32(file, crcAt) !== bodyCrcOf(file, 0, crcAt)) return undefined
  const blockBytes = readInt32(file, BLOCK_BYTES_AT)
  const segmentBytes = readInt64(file, SEGMENT_BYTES_AT)
  const count = blockCountOf(segmentBytes, blockBytes)
  if (blockBytes <= 0 || crcAt !== HASHES_AT + count * I64_BYTES) return undefined
  return {
    segmentStart: readInt64(file, SEGMENT_START_AT),
    segmentBytes,
    blockBytes,
    madeAtMs: readInt64(file, MADE_AT_AT),
    hashes: Array.from({ length: count }, (_, block) => {
      const at = HASHES_AT + block * I64_BYTES
      return file.toString('hex', at, at + I64_BYTES)
    }),
  }
}

assert(HASHES_AT === 32, 'the head is 32 bytes')
