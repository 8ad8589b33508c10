import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { FileSystem } from '../../../engine/file/file-system.ts'
import type { StoreLayout } from '../../../engine/file/store-layout.ts'
import { parseSegmentName } from '../../../engine/format/segment-name.ts'
import { LogScanner, ScanStep } from '../../../engine/log/log-scanner.ts'
import { findNewestSegment } from '../../../engine/log/newest-segment.ts'
import { loadBlockHashes } from '../../../engine/store/block-hashes.ts'
import { diskBytesOf } from './disk-bytes.ts'
import type { LogInspection, SegmentInspection } from './store-inspection.ts'

/** A segment before anything in it was read. */
interface SegmentFile {
  readonly name: string
  readonly startOffset: number
  readonly sizeBytes: number
  readonly path: string
}

/** The segments by their names, ascending. What is wrong with one is added to `problems`. */
export function listSegmentFiles(
  files: FileSystem,
  { commitLog }: StoreLayout,
  problems: string[],
): SegmentFile[] {
  const found: SegmentFile[] = []
  for (const name of files.list(commitLog)) {
    const path = join(commitLog, name)
    const startOffset = parseSegmentName(name)
    if (startOffset === undefined) problems.push(`${path} is not the name of a segment`)
    else found.push({ name, startOffset, path, sizeBytes: statSync(path).size })
  }
  found.sort((left, right) => left.startOffset - right.startOffset)
  for (const [index, segment] of found.entries()) {
    const before = found[index - 1]
    if (before === undefined) continue
    if (segment.sizeBytes !== before.sizeBytes) {
      problems.push(`${segment.path} has ${segment.sizeBytes} bytes, not ${before.sizeBytes}`)
    }
    if (segment.startOffset !== before.startOffset + before.sizeBytes) {
      problems.push(`${segment.path} does not follow the segment before it`)
    }
  }
  return found
}

/**
 * Looks at the segments, and for the log's end: from where the queues end, or else from the start
 * of the log.
 */
export function inspectLog(
  files: FileSystem,
  layout: StoreLayout,
  segmentFiles: readonly SegmentFile[],
  knownEndOffset: number,
): LogInspection {
  const startOffset = segmentFiles[0]?.startOffset ?? 0
  const segmentBytes = segmentFiles[0]?.sizeBytes ?? 1
  const location = { directory: layout.commitLog, segmentBytes }
  const scanner = new LogScanner(files, location, { checkCrc: false })
  const limit = (segmentFiles.at(-1)?.startOffset ?? 0) + segmentBytes
  const startOffsets = segmentFiles.map((segment) => segment.startOffset)
  const newestStart = findNewestSegment(files, location, startOffsets)
  try {
    return {
      startOffset,
      endOffset: findEnd(scanner, Math.max(startOffset, knownEndOffset), limit),
      segments: segmentFiles.map((segment) => ({
        ...inspectSegment(scanner, segment),
        hashes: segment.startOffset < newestStart ? hashesOf(files, layout, segment) : 'open',
      })),
    }
  } finally {
    scanner.close()
  }
}

function inspectSegment(
  scanner: LogScanner,
  segment: SegmentFile,
): Omit<SegmentInspection, 'hashes'> {
  const { path, ...facts } = segment
  const step = scanner.at(segment.startOffset, segment.startOffset + segment.sizeBytes)
  const firstTimestampMs = step === ScanStep.RECORD ? scanner.view.storeTimestampMs : 0
  return { ...facts, diskBytes: diskBytesOf(path), firstTimestampMs }
}

function hashesOf(
  files: FileSystem,
  layout: StoreLayout,
  { startOffset, sizeBytes }: SegmentFile,
): SegmentInspection['hashes'] {
  const found = loadBlockHashes(files, layout, { startOffset, segmentBytes: sizeBytes })
  return typeof found === 'string' ? found : 'hashed'
}

function findEnd(scanner: LogScanner, fromOffset: number, limit: number): number {
  let offset = fromOffset
  for (;;) {
    const step = scanner.at(offset, limit)
    if (step === ScanStep.RECORD) offset += scanner.view.totalBytes
    else if (step === ScanStep.SEGMENT_END) offset = scanner.segmentEnd(offset)
    else return offset
  }
}
