/**
 * The hashes of sealed segments, one file a segment in `agena/`. They are made once, of what was
 * flushed and is never written again, and compared ever after.
 */
import { join } from 'node:path'
import createXxhash from 'xxhash-wasm'
import type { Pace } from '../base/pace.ts'
import { I64_BYTES, KIB } from '../base/units.ts'
import { type FileSystem, readFully, readWholeFile } from '../file/file-system.ts'
import { type StoreLayout, segmentPath } from '../file/store-layout.ts'
import {
  type BlockHashes,
  blockCountOf,
  decodeBlockHashes,
  encodeBlockHashes,
  HASHED_BLOCK_BYTES,
} from '../format/block-hash-format.ts'
import { parseSegmentName, segmentName } from '../format/segment-name.ts'
import { replaceFile } from './store-checkpoint.ts'

const PREFIX = 'blocks-'
/** A block is read in pieces of this size, so that a paced walk goes evenly. */
const READ_BYTES = 512 * KIB
const HASH_DIGITS = 2 * I64_BYTES
const HEXADECIMAL = 16

/** XXH64 with seed 0 of some bytes, as 16 hexadecimal digits. */
export type BlockHasher = (bytes: Uint8Array) => string

/** The hash function, which is compiled first. */
export async function loadBlockHasher(): Promise<BlockHasher> {
  const xxhash = await createXxhash()
  return (bytes) => xxhash.h64Raw(bytes).toString(HEXADECIMAL).padStart(HASH_DIGITS, '0')
}

export function blockHashesPath({ work }: StoreLayout, segmentStart: number): string {
  return join(work, `${PREFIX}${segmentName(segmentStart)}`)
}

/** First offsets of the segments that have a file of hashes, ascending. */
export function listHashedSegments(files: FileSystem, { work }: StoreLayout): number[] {
  return files
    .list(work)
    .filter((name) => name.startsWith(PREFIX))
    .flatMap((name) => parseSegmentName(name.slice(PREFIX.length)) ?? [])
    .sort((left, right) => left - right)
}

/**
 * The hashes of a segment; `missing` where it has none, `damaged` where they are not whole or not
 * of a segment of this length.
 */
export function loadBlockHashes(
  files: FileSystem,
  layout: StoreLayout,
  segment: { readonly startOffset: number; readonly segmentBytes: number },
): BlockHashes | 'missing' | 'damaged' {
  const content = readWholeFile(files, blockHashesPath(layout, segment.startOffset))
  if (content === undefined) return 'missing'
  const found = decodeBlockHashes(content)
  const isOfSegment =
    found?.segmentStart === segment.startOffset && found.segmentBytes === segment.segmentBytes
  return isOfSegment ? found : 'damaged'
}

export function saveBlockHashes(
  files: FileSystem,
  layout: StoreLayout,
  blockHashes: BlockHashes,
): void {
  const path = blockHashesPath(layout, blockHashes.segmentStart)
  replaceFile(files, layout, path, encodeBlockHashes(blockHashes))
}

/**
 * Removes hashes of segments that are gone, and of those that are being written: after damage was
 * cut away, the newest segment may be one that was sealed before.
 * @param writtenStart first offset of the segment that is being written
 */
export function removeStaleHashes(
  files: FileSystem,
  layout: StoreLayout,
  startOffsets: readonly number[],
  writtenStart: number,
): void {
  for (const segmentStart of listHashedSegments(files, layout)) {
    if (segmentStart < writtenStart && startOffsets.includes(segmentStart)) continue
    files.unlink(blockHashesPath(layout, segmentStart))
  }
}

/** A block as it was read: its hash, or why it cannot be read. */
export type ReadBlock =
  | { readonly hash: string }
  /** The operating system's error. */
  | { readonly error: Error }

/** Reads a segment block by block and hashes each, until `pace` says stop. */
export function* hashBlocks(
  files: FileSystem,
  hasher: BlockHasher,
  segment: {
    readonly path: string
    readonly segmentBytes: number
    readonly blockBytes: number
  },
  pace: Pace,
): Generator<ReadBlock, void, undefined> {
  const { path, segmentBytes, blockBytes } = segment
  const bytes = Buffer.alloc(Math.min(blockBytes, segmentBytes))
  const fd = files.open(path, 'read')
  try {
    for (let block = 0; block < blockCountOf(segmentBytes, blockBytes); block += 1) {
      const start = block * blockBytes
      const lengthBytes = Math.min(blockBytes, segmentBytes - start)
      const error = readBlock(files, fd, bytes.subarray(0, lengthBytes), start, pace)
      if (error === 'stopped') return
      yield error === undefined ? { hash: hasher(bytes.subarray(0, lengthBytes)) } : { error }
    }
  } finally {
    files.close(fd)
  }
}

function readBlock(
  files: FileSystem,
  fd: number,
  bytes: Buffer,
  position: number,
  pace: Pace,
): Error | 'stopped' | undefined {
  for (let done = 0; done < bytes.length; done += READ_BYTES) {
    const lengthBytes = Math.min(READ_BYTES, bytes.length - done)
    const range = { start: done, lengthBytes, position: position + done }
    try {
      const count = readFully(files, fd, bytes, range)
      if (count < lengthBytes) return new Error(`the file ends at ${position + done + count}`)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      return error
    }
    if (!pace.passed(lengthBytes)) return 'stopped'
  }
  return undefined
}

/**
 * The hashes of a segment as it is now; undefined when `pace` stopped it.
 * @throws the operating system's error for a block that cannot be read
 */
export function hashSegment(
  files: FileSystem,
  hasher: BlockHasher,
  { layout, startOffset, segmentBytes }: HashedSegment,
  pace: Pace,
): BlockHashes | undefined {
  const madeAtMs = Date.now()
  const blockBytes = HASHED_BLOCK_BYTES
  const hashes: string[] = []
  const path = segmentPath(layout.commitLog, startOffset)
  for (const block of hashBlocks(files, hasher, { path, segmentBytes, blockBytes }, pace)) {
    if ('error' in block) throw block.error
    hashes.push(block.hash)
  }
  if (hashes.length < blockCountOf(segmentBytes, blockBytes)) return undefined
  return { segmentStart: startOffset, segmentBytes, blockBytes, madeAtMs, hashes }
}

export interface HashedSegment {
  readonly layout: StoreLayout
  readonly startOffset: number
  readonly segmentBytes: number
}
