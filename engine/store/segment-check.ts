/**
 * Checks one segment of the log in the cheapest way that finds all damage: where its blocks have
 * hashes, by these; otherwise record by record. Who asks for records gets both.
 */
import type { Pace } from '../base/pace.ts'
import type { FileSystem } from '../file/file-system.ts'
import { type StoreLayout, segmentPath } from '../file/store-layout.ts'
import type { BlockHashes } from '../format/block-hash-format.ts'
import {
  type LogDamage,
  type SegmentEnding,
  type SegmentVerification,
  type SegmentWalk,
  verifySegment,
} from '../log/log-verify.ts'
import { type BlockHasher, hashBlocks, loadBlockHashes } from './block-hashes.ts'

/** What became of the hashes of a segment. */
export type HashState =
  /** Its blocks were compared with them. */
  | 'compared'
  /** There are none. */
  | 'missing'
  /** Their own file is damaged. */
  | 'damaged'
  /** The segment is still written. */
  | 'unsealed'

export interface SegmentCheck extends SegmentVerification {
  readonly hashes: HashState
  /** When its hashes were made, in ms since 1970; 0 where there are none. */
  readonly hashedAtMs: number
  /** False where the hashes were enough. */
  readonly areRecordsRead: boolean
}

export interface SegmentToCheck {
  readonly layout: StoreLayout
  readonly segmentBytes: number
  readonly startOffset: number
  readonly ending: SegmentEnding
}

export interface SegmentCheckOptions extends Omit<SegmentWalk, 'ending' | 'pace'> {
  /** Read every record even where all blocks match their hashes. @default false */
  readonly areRecordsWanted?: boolean
  readonly pace: Pace
}

/** @throws the operating system's error when the segment is gone */
export function checkSegment(
  files: FileSystem,
  hasher: BlockHasher,
  segment: SegmentToCheck,
  { areRecordsWanted = false, ...walk }: SegmentCheckOptions,
): SegmentCheck {
  const { layout, segmentBytes, startOffset, ending } = segment
  const isSealed = ending === 'sealed'
  const found = isSealed ? loadBlockHashes(files, layout, segment) : 'unsealed'
  const hashes = typeof found === 'string' ? found : 'compared'
  const blocks = typeof found === 'string' ? [] : compare(files, hasher, segment, found, walk.pace)
  const hashedAtMs = typeof found === 'string' ? 0 : found.madeAtMs
  const areRecordsRead = hashes !== 'compared' || blocks.length > 0 || areRecordsWanted
  if (!areRecordsRead) {
    const endOffset = startOffset + segmentBytes
    const nothing = { endOffset, recordCount: 0, damages: [], tornTail: undefined }
    return { startOffset, ...nothing, hashes, hashedAtMs, areRecordsRead }
  }
  const location = { directory: layout.commitLog, segmentBytes }
  const verified = verifySegment(files, location, startOffset, { ...walk, ending })
  const damages = [...blocks, ...verified.damages].sort((left, right) => left.offset - right.offset)
  return { ...verified, damages, hashes, hashedAtMs, areRecordsRead }
}

/** The blocks that are not what they were when the segment was sealed. */
function compare(
  files: FileSystem,
  hasher: BlockHasher,
  { layout, startOffset }: SegmentToCheck,
  { blockBytes, segmentBytes, hashes }: BlockHashes,
  pace: Pace,
): LogDamage[] {
  const path = segmentPath(layout.commitLog, startOffset)
  const damages: LogDamage[] = []
  let block = 0
  for (const read of hashBlocks(files, hasher, { path, segmentBytes, blockBytes }, pace)) {
    const start = block * blockBytes
    const isSame = 'hash' in read && read.hash === hashes[block]
    block += 1
    if (isSame) continue
    damages.push({
      kind: 'block',
      offset: startOffset + start,
      endOffset: startOffset + Math.min(start + blockBytes, segmentBytes),
      found:
        'error' in read
          ? `a block that cannot be read: ${read.error.message}`
          : 'a block whose bytes are not those that were sealed',
    })
  }
  return damages
}
